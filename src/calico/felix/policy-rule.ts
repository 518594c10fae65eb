import type { Origin } from "../../model/origin.ts";

/** A port, or a range where both ends differ. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** What a rule asks of one side of a packet; everything given must hold, and of each list one. */
export interface PolicyRuleSide {
  readonly nets: readonly string[];
  readonly notNets: readonly string[];
  /** Ids of sets of addresses. */
  readonly sets: readonly string[];
  readonly notSets: readonly string[];
  readonly ports: readonly PortRange[];
  readonly notPorts: readonly PortRange[];
  /** Ids of sets of addresses with a named port. */
  readonly namedPortSets: readonly string[];
  readonly notNamedPortSets: readonly string[];
}

export interface IcmpMatch {
  readonly type: number;
  /** Null for any code. */
  readonly code: number | null;
}

/** A rule of a policy or profile as the calculation graph hands it to the renderer (felix/proto/felixbackend.proto, Rule). */
export interface PolicyRule {
  readonly action: "allow" | "deny" | "pass" | "log";
  /** Null for both families. */
  readonly family: 4 | 6 | null;
  /** A lower-case name or a number; null for any. */
  readonly protocol: string | null;
  readonly notProtocol: string | null;
  readonly source: PolicyRuleSide;
  readonly destination: PolicyRuleSide;
  /** Ids of sets of address and port of Services. */
  readonly serviceSets: readonly string[];
  readonly icmp: IcmpMatch | null;
  readonly notIcmp: IcmpMatch | null;
  /** The rule's metadata annotations, in order. */
  readonly annotations: readonly (readonly [string, string])[];
  readonly origin?: Origin;
}

/** A side that asks nothing. */
export const ANY_SIDE: PolicyRuleSide = {
  nets: [],
  notNets: [],
  sets: [],
  notSets: [],
  ports: [],
  notPorts: [],
  namedPortSets: [],
  notNamedPortSets: [],
};
