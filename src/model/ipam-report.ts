import type { Address } from "../net/address.ts";
import type { Prefix } from "../net/prefix.ts";
import type { Origin } from "./origin.ts";

/** What `calicoctl ipam show` and `calicoctl ipam check` say of Calico's addresses: a report of its moment, which decides about no packet. */
export interface IpamReport {
  /** `ipam show`, with `--show-blocks` of blocks too. */
  readonly usage: readonly IpamUsage[];
  /** `ipam show --show-borrowed`. */
  readonly borrowed: readonly BorrowedAddress[];
  /** `ipam show --show-configuration`: `StrictAffinity` → `false`. */
  readonly settings: readonly { readonly name: string; readonly value: string; readonly origin: Origin }[];
  /** Addresses of which it is said whether they are allocated: `ipam show --ip`, `ipam check --show-all-ips`. */
  readonly addresses: readonly IpamAddress[];
  /** What `ipam check` found. */
  readonly problems: readonly IpamProblem[];
}

/** How full a pool or a block is. Numbers have five digits at most: `1.0486e+06`. */
export interface IpamUsage {
  readonly grouping: "pool" | "block";
  readonly cidr: Prefix;
  readonly total: number;
  readonly inUse: number;
  readonly free: number;
  readonly origin: Origin;
}

/** An address that a node took from another node's block, or from a block of nobody. */
export interface BorrowedAddress {
  readonly address: Address;
  readonly node: string;
  readonly block: Prefix;
  /** Null for a block of nobody. */
  readonly owner: string | null;
  /** `pod`, `vmi`, `ipipTunnelAddress`, …; empty where nothing tells. */
  readonly type: string;
  /** `namespace/name` of a pod; empty for others. */
  readonly allocatedTo: string;
  readonly origin: Origin;
}

export interface IpamAddress {
  readonly address: Address;
  readonly allocated: boolean;
  /** `namespace`, `pod`, `node`, `type`, … */
  readonly attributes: ReadonlyMap<string, string>;
  readonly origin: Origin;
}

export interface IpamProblem {
  readonly kind:
    | "leaked"
    | "several-owners"
    | "outside-pools"
    | "not-allocated"
    | "handle-without-addresses"
    | "handle-missing";
  /** Null where it is about a handle, or where only a number was printed. */
  readonly address: Address | null;
  /** How many there are: 1 for a line of its own, the number of the summary where no line tells which. */
  readonly count: number;
  /** `Workload(default/node1-k8s-web-eth0)`, `Node(node1)`, a handle, attributes as printed. */
  readonly detail: string;
  readonly origin: Origin;
}

export function ipamReport(fields: Partial<IpamReport>): IpamReport {
  return { usage: [], borrowed: [], settings: [], addresses: [], problems: [], ...fields };
}

/** Several texts about one cluster. */
export function joinIpamReports(reports: readonly IpamReport[]): IpamReport {
  return {
    usage: reports.flatMap((one) => one.usage),
    borrowed: reports.flatMap((one) => one.borrowed),
    settings: reports.flatMap((one) => one.settings),
    addresses: reports.flatMap((one) => one.addresses),
    problems: reports.flatMap((one) => one.problems),
  };
}
