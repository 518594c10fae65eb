import type { Origin } from "../model/origin.ts";
import type { Address } from "../net/address.ts";
import { type Prefix, prefixContains } from "../net/prefix.ts";

/** A port of an endpoint that rules may ask for by name. */
export interface NamedPort {
  readonly name: string;
  /** IP protocol number. */
  readonly protocol: number;
  readonly port: number;
}

/** Whoever has addresses and labels that rules choose by: endpoints of workloads and hosts, and network sets. */
export interface LabelledAddresses {
  /** Its own and those it inherits from its profiles. */
  readonly labels: ReadonlyMap<string, string>;
  readonly nets: readonly Prefix[];
  /** None for network sets. */
  readonly namedPorts: readonly NamedPort[];
  readonly origin: Origin;
}

export function holdsAddress(holder: LabelledAddresses, address: Address): boolean {
  return holder.nets.some((net) => prefixContains(net, address));
}
