import type { Address } from "../net/address.ts";
import type { ConntrackRecord } from "./conntrack-record.ts";
import type { Interface } from "./interface.ts";
import type { IpSet } from "./ip-set.ts";
import type { FdbEntry, Neighbour } from "./neighbour.ts";
import type { NftBaseChain } from "./nft-base-chain.ts";
import type { Origin } from "./origin.ts";
import type { PolicyRule } from "./policy-rule.ts";
import type { RecentRecord } from "./recent-record.ts";
import type { Route } from "./route.ts";
import type { Ruleset } from "./ruleset.ts";
import type { ListeningSocket } from "./socket.ts";

/**
 * A part of a host's state that a dump may or may not tell. `known` facts stand in the Host; `derived` ones follow from
 * other facts; an `assumed` part has the value podpath puts there until a dump replaces it; an `unknown` part makes
 * every answer that needs it branch.
 */
export type Knowledge = "known" | "derived" | "assumed" | "unknown";

export type HostPart =
  | "rules"
  | "rules6"
  | "otherBackend"
  | "nft"
  | "routes"
  | "routes6"
  | "policyRules"
  | "sets"
  | "sysctls"
  | "neighbours"
  | "conntrack"
  | "sockets"
  | "interfaces"
  /** Lists of `-m recent`. */
  | "recentLists"
  /** What other matches remember of earlier packets: buckets, quotas, counts. No dump tells it. */
  | "matchStates";

/** How much is known of each part; undefined: all of it. A map, or what is found out by reading the part. */
export interface PartKnowledge {
  get(part: HostPart): Knowledge | undefined;
}

/** What a host that nobody has looked at yet does with ARP messages that concern others. */
export interface Bystander {
  /** Its own devices of which all that matters is told here. */
  readonly devices: ReadonlySet<string>;
  /** Addresses that it answers for on each of them. */
  readonly addresses: readonly Address[];
}

/**
 * One network namespace: a node, a pod, a router, an external machine. A host of a snapshot that was opened and not read reads
 * a part from its dumps when somebody asks for it (readers/snapshot/read-machine.ts).
 */
export interface Host {
  /** `<node>`, `pod/<namespace>/<name>` or `host/<name>`. */
  readonly name: string;
  readonly kind: "node" | "pod" | "host";
  readonly interfaces: ReadonlyMap<string, Interface>;
  readonly routes: readonly Route[];
  /** The routes of type local where they can be told before all are read; null: they cannot. Absent: read `routes`. */
  readonly localRoutes?: () => readonly Route[] | null;
  /** What decides about ARP messages between others, where it can be told before the host is made. Absent: read the parts. */
  readonly bystander?: Bystander;
  /** In order of priority. */
  readonly policyRules: readonly PolicyRule[];
  readonly rulesets: readonly Ruleset[];
  readonly nftBaseChains: readonly NftBaseChain[];
  readonly ipSets: ReadonlyMap<string, IpSet>;
  /** Keys with dots, as `sysctl -a` prints them; dots inside interface names stand as `/`. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** Keys that a dump tells, where the others are assumed. */
  readonly dumpedSysctls: ReadonlySet<string>;
  readonly neighbours: readonly Neighbour[];
  readonly fdb: readonly FdbEntry[];
  readonly sockets: readonly ListeningSocket[];
  readonly conntrack: readonly ConntrackRecord[];
  /** Lists of `-m recent` by name; absent: all are empty. */
  readonly recentLists?: ReadonlyMap<string, readonly RecentRecord[]>;
  /** What is not known from dumps; parts that are absent here are known. */
  readonly knowledge: PartKnowledge;
  /** Node that a pod runs on; null for other kinds. */
  readonly node: string | null;
  /** What `uname -r` says; null or absent: nobody told. A pod has its node's. */
  readonly kernel?: string | null;
  readonly origin: Origin;
}

/** A host at rest: everything known, and empty. Give what differs. */
export function host(fields: Partial<Host> & Pick<Host, "name">): Host {
  return {
    kind: fields.name.startsWith("pod/") ? "pod" : fields.name.startsWith("host/") ? "host" : "node",
    interfaces: new Map(),
    routes: [],
    policyRules: [],
    rulesets: [],
    nftBaseChains: [],
    ipSets: new Map(),
    sysctls: new Map(),
    dumpedSysctls: new Set(),
    neighbours: [],
    fdb: [],
    sockets: [],
    conntrack: [],
    knowledge: new Map(),
    node: null,
    origin: 0,
    ...fields,
  };
}

export function knowledgeOf(host: Host, part: HostPart): Knowledge {
  return host.knowledge.get(part) ?? "known";
}
