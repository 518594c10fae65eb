import type { Profile } from "../profile.ts";
import type { LabelLookup } from "../selector/matches-selector.ts";
import { sortTiers, type Tier } from "../tier.ts";
import { firstDecision, type JudgedPolicy, type PacketDirection } from "./judged-policy.ts";
import type { AddressBook, PolicyPacket } from "./rule-matches.ts";

/** What policies are evaluated in. */
export interface PolicyWorld extends AddressBook {
  readonly tiers: readonly Tier[];
  readonly policies: readonly JudgedPolicy[];
  readonly profiles: ReadonlyMap<string, Profile>;
}

/** The endpoint whose policy is asked. */
export interface PolicyEndpoint {
  /** Its own and those it inherits. */
  readonly labels: ReadonlyMap<string, string>;
  /** Names, in order. */
  readonly profiles: readonly string[];
}

/** Which packets: those of connections, those before tracking or DNAT, those that a host passes on. */
export type PolicyStage = "normal" | "untracked" | "preDNAT" | "forward";

export interface PolicyVerdict {
  /** Null: nobody decides, and the packet goes on as it came. */
  readonly allowed: boolean | null;
  /** In words: the policy, the tier that ended, the profile. */
  readonly by: string;
}

function belongs(policy: JudgedPolicy, stage: PolicyStage): boolean {
  const isSpecial = policy.doNotTrack || policy.preDNAT;
  switch (stage) {
    case "normal":
      return !isSpecial;
    case "forward":
      return !isSpecial && policy.applyOnForward;
    case "untracked":
      return policy.doNotTrack;
    case "preDNAT":
      return policy.preDNAT && !policy.doNotTrack;
  }
}

function inOrder(a: JudgedPolicy, b: JudgedPolicy): number {
  const [x, y] = [a.order ?? Number.POSITIVE_INFINITY, b.order ?? Number.POSITIVE_INFINITY];
  if (x !== y) return x < y ? -1 : 1;
  return a.tieBreak < b.tieBreak ? -1 : a.tieBreak > b.tieBreak ? 1 : 0;
}

function profileVerdict(
  endpoint: PolicyEndpoint,
  direction: PacketDirection,
  packet: PolicyPacket,
  world: PolicyWorld,
): PolicyVerdict {
  for (const name of endpoint.profiles) {
    const profile = world.profiles.get(name);
    if (profile === undefined) continue;
    const rules = direction === "Ingress" ? profile.ingress : profile.egress;
    const decision = firstDecision(rules, packet, null, world);
    if (decision === "Allow" || decision === "Deny") return { allowed: decision === "Allow", by: `profile ${name}` };
  }
  return { allowed: false, by: "no profile matched" };
}

/**
 * What policies say to the first packet of a connection at an endpoint, straight from the resources: tiers in order, in
 * each the first rule that decides, then, for connections, the profiles (the reference: felix/bpf/polprog and the
 * documentation of projectcalico.org/v3). Rendered chains are held against it.
 */
export function policyVerdict(
  endpoint: PolicyEndpoint,
  direction: PacketDirection,
  packet: PolicyPacket,
  world: PolicyWorld,
  stage: PolicyStage = "normal",
): PolicyVerdict {
  const labels: LabelLookup = (label) => endpoint.labels.get(label);
  const chosen = world.policies.filter((policy) => belongs(policy, stage) && policy.chooses(labels)).sort(inOrder);
  // who has no policy for what it passes on passes everything on
  if (stage === "forward" && chosen.length === 0) return { allowed: true, by: "no policy for forwarded packets" };
  for (const tier of sortTiers(world.tiers)) {
    const policies = chosen.filter(
      (policy) => policy.tier === tier.name && (policy.types.length === 0 || policy.types.includes(direction)),
    );
    if (policies.length === 0) continue;
    let passed = false;
    for (const policy of policies) {
      const decision = policy.decide(direction, packet, world);
      if (decision === null) continue;
      if (decision !== "Pass") return { allowed: decision === "Allow", by: policy.name };
      passed = true;
      break;
    }
    const ends = stage === "normal" || stage === "forward";
    if (!passed && ends && tier.defaultAction === "Deny") return { allowed: false, by: `the end of tier ${tier.name}` };
  }
  return stage === "normal"
    ? profileVerdict(endpoint, direction, packet, world)
    : { allowed: null, by: "no policy decides" };
}
