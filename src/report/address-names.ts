import type { Network } from "../model/network.ts";
import { type Address, formatAddress } from "../net/address.ts";

/** Who has an address, in the words of a probe, and which machine it is on. */
export interface AddressOwner {
  readonly name: string;
  readonly host: string;
}

const known = new WeakMap<Network, ReadonlyMap<string, AddressOwner>>();

/** The pod, node or other machine with that address; null when nobody who was dumped has it. */
export function ownerOf(network: Network, address: Address): AddressOwner | null {
  let owners = known.get(network);
  if (owners === undefined) {
    owners = collect(network);
    known.set(network, owners);
  }
  return owners.get(formatAddress(address)) ?? null;
}

function collect(network: Network): ReadonlyMap<string, AddressOwner> {
  const owners = new Map<string, AddressOwner>();
  for (const host of network.hosts.values()) {
    for (const device of host.interfaces.values()) {
      if (device.kind === "loopback") continue;
      for (const { address } of device.addresses)
        owners.set(formatAddress(address), { name: host.name, host: host.name });
    }
  }
  for (const [name, endpoint] of network.endpoints) {
    for (const address of endpoint.addresses) {
      if (!owners.has(formatAddress(address))) owners.set(formatAddress(address), { name, host: endpoint.host });
    }
  }
  for (const [name, service] of network.services) {
    for (const address of service.clusterIPs) owners.set(formatAddress(address), { name: `service/${name}`, host: "" });
  }
  return owners;
}

/** `192.168.133.193 (pod/default/c)`, or the bare address. */
export function namedAddress(network: Network, address: Address): string {
  const owner = ownerOf(network, address);
  return owner === null ? formatAddress(address) : `${formatAddress(address)} (${owner.name})`;
}
