import { holdersOf } from "../model/address-holders.ts";
import type { Network } from "../model/network.ts";
import { once } from "../model/once.ts";
import { type Address, formatAddress } from "../net/address.ts";

/** Who has an address, in the words of a probe, and which machine it is on. */
export interface AddressOwner {
  readonly name: string;
  readonly host: string;
}

type Owners = ReadonlyMap<string, AddressOwner>;

/** Owners by their address, of each kind. Those of a later kind count where none of the kinds before has the address. */
interface OwnersOfNetwork {
  readonly services: () => Owners;
  readonly hosts: () => Owners;
  readonly endpoints: () => Owners;
}

const known = new WeakMap<Network, OwnersOfNetwork>();

/** The pod, node or other machine with that address; null when nobody who was dumped has it. */
export function ownerOf(network: Network, address: Address): AddressOwner | null {
  const owners = known.get(network) ?? ownersOf(network);
  known.set(network, owners);
  const text = formatAddress(address);
  const service = owners.services().get(text);
  if (service !== undefined) return service;
  // of thousands of hosts most need not be made for the name of one
  const holders = holdersOf(network.hosts, address);
  // an address that each node has for itself, as NodeLocal DNSCache's, is nobody's name
  if (holders !== null && holders.length > 1) return null;
  const only = holders?.[0];
  const holder = holders === null ? owners.hosts().get(text) : only && { name: only.name, host: only.name };
  return holder ?? owners.endpoints().get(text) ?? null;
}

function ownersOf(network: Network): OwnersOfNetwork {
  return {
    services: once(() => {
      const owners = new Map<string, AddressOwner>();
      for (const [name, { clusterIPs }] of network.services) {
        for (const address of clusterIPs) owners.set(formatAddress(address), { name: `service/${name}`, host: "" });
      }
      return owners;
    }),
    hosts: once(() => {
      const owners = new Map<string, AddressOwner>();
      for (const { name, interfaces } of network.hosts.values()) {
        for (const { kind, addresses } of interfaces.values()) {
          if (kind === "loopback") continue;
          for (const { address } of addresses) owners.set(formatAddress(address), { name, host: name });
        }
      }
      return owners;
    }),
    endpoints: once(() => {
      const owners = new Map<string, AddressOwner>();
      for (const [name, { host, addresses }] of network.endpoints) {
        for (const address of addresses) {
          const text = formatAddress(address);
          if (!owners.has(text)) owners.set(text, { name, host });
        }
      }
      return owners;
    }),
  };
}

/** `192.168.133.193 (pod/default/c)`, or the bare address. */
export function namedAddress(network: Network, address: Address): string {
  const owner = ownerOf(network, address);
  return owner === null ? formatAddress(address) : `${formatAddress(address)} (${owner.name})`;
}
