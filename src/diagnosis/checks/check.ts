import type { Cluster } from "../../calico/cluster.ts";
import type { ADDRESS_CHECK_CODES } from "../../model/codes/address-check-codes.ts";
import type { CHECK_CODES } from "../../model/codes/check-codes.ts";
import type { NODE_CHECK_CODES } from "../../model/codes/node-check-codes.ts";
import type { Evidence } from "../../model/evidence.ts";
import type { Finding } from "../../model/finding.ts";
import type { IpamReport } from "../../model/ipam-report.ts";
import type { Network } from "../../model/network.ts";
import { type Origin, sourceOf } from "../../model/origin.ts";
import { formatAddress } from "../../net/address.ts";

export type CheckCode = keyof (typeof CHECK_CODES & typeof ADDRESS_CHECK_CODES & typeof NODE_CHECK_CODES);

/** What is declared, and what calicoctl says of it. */
export interface Declared {
  readonly cluster: Cluster;
  readonly ipam: IpamReport;
}

/** What a check may look at. */
export interface Checked extends Declared {
  readonly network: Network;
  /** By name of the host. */
  readonly evidence: ReadonlyMap<string, Evidence>;
  /** Hosts by address, pods that nobody dumped included. */
  readonly owners: ReadonlyMap<string, string>;
}

/** Looks for one thing; every finding that it makes has its own code. */
export type Check = (checked: Checked) => readonly CheckFinding[];

/** A finding, where it was written, and the other line that it contradicts. */
export interface CheckFinding {
  readonly severity: Finding["severity"];
  readonly message: string;
  readonly at: Origin;
  /** The line beside it; NO_ORIGIN where there is none. */
  readonly beside: Origin;
  readonly advice?: string;
}

export function checkedOf(
  network: Network,
  evidence: ReadonlyMap<string, Evidence>,
  { cluster, ipam }: Declared,
): Checked {
  const owners = new Map<string, string>();
  for (const { name, interfaces } of network.hosts.values()) {
    for (const { kind, addresses } of interfaces.values()) {
      if (kind !== "loopback") for (const { address } of addresses) owners.set(formatAddress(address), name);
    }
  }
  for (const [name, { addresses }] of network.endpoints) {
    for (const address of addresses) if (!owners.has(formatAddress(address))) owners.set(formatAddress(address), name);
  }
  return { network, evidence, owners, cluster, ipam };
}

/** `nodes/n1/ip-route.txt:7` of an origin; null when nobody wrote it. */
export function lineOf(network: Network, origin: Origin): string | null {
  const source = sourceOf(network.origins, origin);
  if (source?.file === undefined) return null;
  return source.line === undefined ? source.file : `${source.file}:${source.line}`;
}
