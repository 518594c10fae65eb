import { type Address, sameAddress } from "../net/address.ts";
import type { Host } from "./host.ts";

/** The names of the hosts that may have an address on a device that is no loopback, all of them, in the order of the hosts; null: it cannot tell. */
export type FindHolders = (address: Address) => readonly string[] | null;

const known = new WeakMap<ReadonlyMap<string, Host>, FindHolders>();

/** Tells of hosts that are made when somebody asks for them how to find those with an address without making the others. */
export function findHoldersBy(hosts: ReadonlyMap<string, Host>, find: FindHolders): void {
  known.set(hosts, find);
}

/** The hosts with the address; null where only looking at all hosts tells. */
export function holdersOf(hosts: ReadonlyMap<string, Host>, address: Address): readonly Host[] | null {
  const names = known.get(hosts)?.(address) ?? null;
  if (names === null) return null;
  return names.flatMap((name) => {
    const host = hosts.get(name);
    return host !== undefined && hasAddress(host, address) ? [host] : [];
  });
}

function hasAddress({ interfaces }: Host, address: Address): boolean {
  for (const { kind, addresses } of interfaces.values()) {
    if (kind !== "loopback" && addresses.some((one) => sameAddress(one.address, address))) return true;
  }
  return false;
}
