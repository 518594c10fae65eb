import type { Finding } from "../../model/finding.ts";
import type { Host, HostPart, Knowledge } from "../../model/host.ts";
import type { Interface } from "../../model/interface.ts";
import type { IpSet } from "../../model/ip-set.ts";
import type { Neighbour } from "../../model/neighbour.ts";
import type { Origin, OriginTable } from "../../model/origin.ts";
import type { PolicyRule } from "../../model/policy-rule.ts";
import type { Route } from "../../model/route.ts";
import type { Ruleset } from "../../model/ruleset.ts";
import type { ListeningSocket } from "../../model/socket.ts";

/** A host while facts are put into it. */
export interface HostDraft {
  readonly name: string;
  readonly interfaces: Map<string, Interface>;
  routes: Route[];
  policyRules: PolicyRule[];
  rulesets: Ruleset[];
  readonly ipSets: Map<string, IpSet>;
  readonly sysctls: Map<string, string>;
  readonly dumpedSysctls: Set<string>;
  neighbours: Neighbour[];
  sockets: ListeningSocket[];
  /** Parts of which facts tell something. */
  readonly knowledge: Map<HostPart, Knowledge | undefined>;
  /** Interfaces that facts made or changed. */
  readonly touched: Set<string>;
}

/** What a kind of fact works with. */
export interface FactContext {
  readonly origins: OriginTable;
  /** Of this fact: its file, and its line where it has one. */
  readonly origin: Origin;
  /** What to call its file in readings. */
  readonly file: string;
  /** The fact cannot be read: what is wrong at which column of its words (from 1; 0 when none is to blame). */
  refuse(column: number, message: string, expected?: string): void;
  /** Something else is told by a dump. */
  contradicts(dumped: Origin, message: string): void;
  /** Findings of a reader that read the words, as complaints about the fact. False when one of them says that it did not understand. */
  understood(findings: readonly Finding[]): boolean;
}

export function draftOf(host: Host): HostDraft {
  return {
    name: host.name,
    interfaces: new Map(host.interfaces),
    routes: [...host.routes],
    policyRules: [...host.policyRules],
    rulesets: [...host.rulesets],
    ipSets: new Map(host.ipSets),
    sysctls: new Map(host.sysctls),
    dumpedSysctls: new Set(host.dumpedSysctls),
    neighbours: [...host.neighbours],
    sockets: [...host.sockets],
    knowledge: new Map(),
    touched: new Set(),
  };
}

/** A part of which a fact tells something, and nothing tells all: what was unknown is what the facts say, by assumption. */
export function told(draft: HostDraft, host: Host, part: HostPart): void {
  if (host.knowledge.get(part) === "unknown") draft.knowledge.set(part, "assumed");
}
