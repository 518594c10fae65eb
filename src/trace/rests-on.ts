import { HOOK_FIDELITY, type Standing } from "../linux/datapath-fidelity.ts";
import { DEVICE_FIDELITY, MATCH_FIDELITY, ROUTE_FIDELITY, SET_FIDELITY, TARGET_FIDELITY } from "../linux/fidelity.ts";
import type { Network } from "../model/network.ts";
import type { Origin } from "../model/origin.ts";
import type { Match, Rule, TargetCall } from "../model/ruleset.ts";
import type { Branch } from "./result.ts";
import type { RulePlace, TraceStep } from "./step.ts";

/** A part of the model that an answer rests on and that no kernel has confirmed. */
export interface UnverifiedPart {
  /** `match set`, `target SECMARK`, `device ipip`, `route anycast`, `hook nat OUTPUT IPv6 nft`. */
  readonly feature: string;
  readonly reason: string;
  /** Of the rule, device or route. */
  readonly origin: Origin;
}

const UNMODELLED = "podpath does not model it: the answer has a branch for each outcome";

const NO_SCTP = "what they answer was read in the kernel's source: no kernel at hand has them";

/**
 * What the packets of these branches met that is unverified or unmodelled: matches, targets and hooks of rules that matched,
 * devices they crossed, routes they took. Each part once, at the first place where it was met. Costs nothing while packets move: it reads the recorded steps.
 */
export function unverifiedParts(network: Network, branches: readonly Branch[]): readonly UnverifiedPart[] {
  const found = new Map<string, UnverifiedPart>();
  const put = (feature: string, reason: string | null, origin: Origin): void => {
    if (reason !== null && !found.has(feature)) found.set(feature, { feature, reason, origin });
  };
  for (const { run } of branches) {
    if (run.journeys.some(({ kind }) => kind === "init-ack" || kind === "abort")) put("SCTP sockets", NO_SCTP, 0);
    for (const steps of run.steps.values()) for (const step of steps) ofStep(network, step, put);
  }
  return [...found.values()];
}

type Put = (feature: string, reason: string | null, origin: Origin) => void;

function ofStep(network: Network, step: TraceStep, put: Put): void {
  switch (step.kind) {
    case "rule":
      if (step.matched && step.place.rule !== null) {
        ofHook(step.place, step.place.rule, put);
        ofRule(step.place.rule, put);
        ofSets(network, step.host, step.place.rule, put);
      }
      return;
    case "receive":
    case "transmit": {
      const device = network.hosts.get(step.host)?.interfaces.get(step.interface);
      // The stack above a device does not depend on its driver: a NIC is held against the kernel as a veth.
      if (device !== undefined && device.kind !== "physical")
        put(`device ${device.kind}`, DEVICE_FIDELITY[device.kind], device.origin);
      return;
    }
    case "route": {
      const { route } = step.result;
      if (route !== null) put(`route ${route.type}`, ROUTE_FIDELITY[route.type], route.origin);
      return;
    }
    default:
      return;
  }
}

const HOOKS: Readonly<Record<string, Standing>> = HOOK_FIDELITY;

function ofHook({ table, hook, family, backend }: RulePlace, rule: Rule, put: Put): void {
  const name = `${table} ${hook} IPv${family} ${backend}`;
  const standing = HOOKS[name] ?? null;
  if (standing === null || typeof standing === "string") put(`hook ${name}`, standing, rule.origin);
  else if ("answer" in standing) put(`hook ${name}`, standing.answer, rule.origin);
}

function ofRule(rule: Rule, put: Put): void {
  for (const match of rule.matches) {
    const { feature, reason } = ofMatch(match);
    put(feature, reason, rule.origin);
  }
  if (rule.target?.kind !== "extension") return;
  const { feature, reason } = ofTarget(rule.target.call);
  put(feature, reason, rule.origin);
}

function ofSets(network: Network, host: string, rule: Rule, put: Put): void {
  for (const match of rule.matches) {
    if (match.name !== "set") continue;
    const set = network.hosts.get(host)?.ipSets.get(match.options.name);
    if (set !== undefined) put(`set ${set.type}`, SET_FIDELITY[set.type] ?? null, set.origin);
  }
}

interface Named {
  readonly feature: string;
  readonly reason: string | null;
}

/** What is damaged in a dump is a question about the dump, which the answer asks already. */
function ofMatch(match: Match): Named {
  if (match.name === "unmodelled") {
    const { extension, damage } = match.options;
    return { feature: `match ${extension}`, reason: damage === undefined ? UNMODELLED : null };
  }
  if (match.name === "nft") {
    const { options } = match;
    if (options.kind === "statement") return ofTarget(options.call);
    return { feature: "native nft rules", reason: options.kind === "unmodelled" ? UNMODELLED : null };
  }
  return { feature: `match ${match.name}`, reason: MATCH_FIDELITY[match.name] };
}

function ofTarget(call: TargetCall): Named {
  if (call.name === "unmodelled") {
    const { extension, damage } = call.options;
    return { feature: `target ${extension}`, reason: damage === undefined ? UNMODELLED : null };
  }
  if (call.name === "nft") return { feature: "native nft rules", reason: UNMODELLED };
  return { feature: `target ${call.name}`, reason: TARGET_FIDELITY[call.name] };
}
