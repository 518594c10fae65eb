import { type Host, type HostPart, type Knowledge, knowledgeOf } from "../model/host.ts";
import type { Network } from "../model/network.ts";

/** How much is known of one host. */
export interface HostKnowledge {
  readonly host: string;
  readonly kind: Host["kind"];
  readonly node: string | null;
  readonly parts: ReadonlyMap<HostPart, Knowledge>;
}

const PARTS: readonly HostPart[] = [
  "interfaces",
  "routes",
  "routes6",
  "policyRules",
  "rules",
  "rules6",
  "otherBackend",
  "nft",
  "sets",
  "sysctls",
  "neighbours",
  "conntrack",
  "sockets",
];

/** What is known, derived, assumed or unknown of every host (INTERFACES section 2). */
export function whatIsMissing(network: Network): readonly HostKnowledge[] {
  return [...network.hosts.values()].map((host) => ({
    host: host.name,
    kind: host.kind,
    node: host.node,
    parts: new Map(PARTS.map((part) => [part, knowledgeOf(host, part)] as const)),
  }));
}
