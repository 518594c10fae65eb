import type { ProgramReport, ProgramResult } from "../emulator/applications/program.ts";
import { type Assumption, assumptionKey } from "../emulator/assumption.ts";
import type { Journey, JourneyEnd } from "../emulator/journey.ts";
import type { FreeDomains } from "../linux/free-value.ts";
import { isFree } from "../linux/free-value.ts";
import type { IcmpLimits } from "../linux/icmp-limit.ts";
import type { AssumptionCode } from "../model/codes/assumption-codes.ts";
import type { UnknownCode } from "../model/codes/unknown-codes.ts";
import type { ConntrackRecord } from "../model/conntrack-record.ts";
import type { Network } from "../model/network.ts";
import { formatAddress } from "../net/address.ts";
import { describePacket, type Packet, packetLength } from "../net/packet.ts";
import type { Exploration, Taken } from "./explorer.ts";
import type { TraceStep } from "./step.ts";

/** What one run of the walk left behind. */
export interface Run {
  /** All journeys; those of the question itself start at `first`. */
  readonly journeys: readonly Journey[];
  /** Number of the journey that is the question's packet. */
  readonly first: number;
  readonly steps: ReadonlyMap<number, readonly TraceStep[]>;
  /** What the sender's program saw; null where nobody waits for an answer. */
  readonly report: ProgramReport | null;
  readonly assumptions: readonly Assumption[];
  readonly freeDomains: FreeDomains;
  /** What each host that tracks anything had in its connection table then; null where nobody asked for it. */
  readonly conntrack: ReadonlyMap<string, readonly ConntrackRecord[]> | null;
  /** What each host had sent of ICMP then; null where nobody asked for it. */
  readonly limits: ReadonlyMap<string, IcmpLimits> | null;
}

export interface Branch {
  readonly run: Run;
  /** Given the conditions. */
  readonly probability: number;
  /** Answers to unknowns that lead here. */
  readonly conditions: readonly string[];
  /** Leaves merged into this one. */
  readonly count: number;
}

export type Certainty = "certain" | "branching" | "uncertain";

/** The answer to one question. */
export interface Answer {
  readonly network: Network;
  readonly certainty: Certainty;
  readonly branches: readonly Branch[];
  readonly assumptions: readonly Assumption[];
  /** Why the answer is uncertain: the questions nobody could answer, with the command that would. */
  readonly unknowns: readonly Unknown[];
  readonly truncated: boolean;
}

export interface Unknown {
  readonly code: UnknownCode | AssumptionCode;
  readonly question: string;
  readonly command: string | null;
}

/** Makes an answer of all leaves: equal ones are merged, and the certainty follows INTERFACES.md section 4. */
export function toAnswer(network: Network, exploration: Exploration<Run>): Answer {
  const groups = new Map<string, { run: Run; weights: Map<string, number>; count: number }>();
  const assignments = new Map<string, number>();
  for (const leaf of exploration.leaves) {
    const assignment = conditionsOf(leaf.taken).join("\n");
    assignments.set(assignment, (assignments.get(assignment) ?? 0) + leaf.probability);
    // What nothing is compared with needs no fingerprint.
    const key = exploration.leaves.length === 1 ? "" : fingerprint(leaf.value);
    const group = groups.get(key) ?? { run: leaf.value, weights: new Map<string, number>(), count: 0 };
    group.weights.set(assignment, (group.weights.get(assignment) ?? 0) + leaf.probability);
    group.count++;
    groups.set(key, group);
  }
  const branches = [...groups.values()].flatMap((group) => toBranches(group, assignments));
  const outcomes = new Set(branches.map((branch) => outcomeKey(branch.run)));
  const unknowns = collectUnknowns(exploration);
  const dependsOnUnknown = outcomes.size > 1 && branches.some((branch) => branch.conditions.length > 0);
  const certainty: Certainty = exploration.truncated
    ? "uncertain"
    : outcomes.size <= 1
      ? "certain"
      : dependsOnUnknown
        ? "uncertain"
        : "branching";
  const assumptions = new Map<string, Assumption>();
  for (const branch of branches) {
    for (const item of branch.run.assumptions) assumptions.set(assumptionKey(item), item);
  }
  return {
    network,
    certainty,
    branches,
    assumptions: [...assumptions.values()],
    unknowns: certainty === "uncertain" ? unknowns : [],
    truncated: exploration.truncated,
  };
}

/** One answer of those to the same question from several beginnings, each as likely as is given; null of none. */
export function joinAnswers(
  parts: readonly { readonly answer: Answer; readonly probability: number }[],
): Answer | null {
  const [first] = parts;
  if (first === undefined || parts.length === 1) return first?.answer ?? null;
  const branches = parts.flatMap(({ answer, probability }) =>
    answer.branches.map((branch) => ({ ...branch, probability: clean(branch.probability * probability) })),
  );
  const outcomes = new Set(branches.map(({ run }) => outcomeKey(run)));
  const isUncertain = parts.some(({ answer }) => answer.certainty === "uncertain");
  const assumptions = new Map(
    parts.flatMap(({ answer }) => answer.assumptions.map((one) => [assumptionKey(one), one] as const)),
  );
  return {
    network: first.answer.network,
    certainty: isUncertain ? "uncertain" : outcomes.size <= 1 ? "certain" : "branching",
    branches,
    assumptions: [...assumptions.values()],
    unknowns: parts.flatMap(({ answer }) => answer.unknowns),
    truncated: parts.some(({ answer }) => answer.truncated),
  };
}

/** One branch for each set of conditions with its own probability; one without conditions when they do not matter. */
function toBranches(
  group: { readonly run: Run; readonly weights: ReadonlyMap<string, number>; readonly count: number },
  assignments: ReadonlyMap<string, number>,
): readonly Branch[] {
  const weights = [...group.weights.entries()];
  const everywhere = weights.length === assignments.size;
  const [first] = weights;
  if (everywhere && first !== undefined && weights.every(([, weight]) => Math.abs(weight - first[1]) < 1e-9)) {
    return [{ run: group.run, probability: clean(first[1]), conditions: [], count: group.count }];
  }
  return weights.map(([assignment, weight]) => ({
    run: group.run,
    probability: clean(weight / Math.max(assignments.get(assignment) ?? 1, 1e-12)),
    conditions: assignment === "" ? [] : assignment.split("\n"),
    count: group.count,
  }));
}

/** Sums of products of doubles, without their noise. */
function clean(probability: number): number {
  return Math.round(probability * 1e12) / 1e12;
}

function conditionsOf(taken: readonly Taken[]): readonly string[] {
  return taken
    .filter(({ choice }) => choice.kind === "unknown")
    .map(({ choice, index }) => `${choice.question} → ${choice.alternatives[index]?.label ?? ""}`);
}

function collectUnknowns(exploration: Exploration<Run>): readonly Unknown[] {
  const unknowns = new Map<string, Unknown>();
  for (const leaf of exploration.leaves) {
    for (const { choice } of leaf.taken) {
      if (choice.kind !== "unknown") continue;
      unknowns.set(choice.question, {
        code: choice.code,
        question: choice.question,
        command: choice.command ?? null,
      });
    }
  }
  return [...unknowns.values()];
}

/** Number of the journey that a run is about: queries for a name's address come before it. */
export function decisiveFrom(run: Run): number {
  return run.report?.decisive ?? run.first;
}

/** Outcome and place: what certainty is about. */
export function outcomeKey(run: Run): string {
  const end = run.journeys[decisiveFrom(run)]?.end ?? null;
  const hops = run.report?.hops.map((hop) => (hop.from === null ? "*" : formatAddress(hop.from) + hop.mark)) ?? [];
  return [placeOf(end), run.report?.result ?? "", ...hops].join(" ");
}

/** Outcome, host, and the rule or policy that decided. */
function placeOf(end: JourneyEnd | null): string {
  if (end === null) return "lost";
  const { ending, host, chain, rule } = end;
  return `${ending.outcome} ${host} ${ending.hook} ${chain?.table} ${chain?.program.chain.name} ${rule}`;
}

/**
 * Everything that tells two runs apart: path, outcome, packets wherever they left a host or came in, and as they ended. Which server
 * answered a query for a name matters to nobody.
 */
function fingerprint(run: Run): string {
  const parts = [outcomeKey(run)];
  for (const journey of run.journeys.slice(decisiveFrom(run))) {
    const { end } = journey;
    parts.push(journey.kind, journey.host);
    if (end !== null) {
      const { reason, text, nextHop } = end.ending;
      const to = nextHop === null ? "" : formatAddress(nextHop);
      parts.push(placeOf(end), `${reason} ${journey.error} ${end.interface} ${to} ${text}`, packetPrint(end.packet));
    }
    for (const step of run.steps.get(journey.id) ?? []) {
      switch (step.kind) {
        // What a tunnel put around it, or a rule on the way did, may be gone at the end; nothing is transmitted over lo.
        case "transmit":
        case "receive":
          parts.push(step.kind, step.host, step.interface, packetPrint(step.packet));
          break;
        // What nobody answered for.
        case "neighbour":
          if (end?.ending.outcome === "unresolved") parts.push(step.kind, formatAddress(step.address));
          break;
        // Of copies of a frame the journey ends as the first one did.
        case "deliver":
          parts.push(step.kind, step.host, packetPrint(step.packet));
          break;
        case "drop":
          parts.push(step.kind, step.host, String(step.reason));
          break;
        case "reject":
          parts.push(step.kind, step.host);
          break;
      }
    }
  }
  return parts.join("|");
}

/** A packet and all that it carries, with the fields that rules and routes change. */
function packetPrint(packet: Packet): string {
  const { icmpGateway, inner } = packet;
  const id = isFree(packet.icmpId) ? "*" : packet.icmpId;
  const gateway = icmpGateway === null ? "" : ` gateway ${formatAddress(icmpGateway.address)}`;
  const whole =
    `${describePacket(packet)} id ${id} mtu ${packet.icmpMtu}${gateway} ttl ${packet.ttl} tos ${packet.tos} ` +
    `mss ${packet.mss} length ${packetLength(packet)}`;
  return inner === null ? whole : `${whole} (${packetPrint(inner)})`;
}

/** What the question's sender sees, or null when the answer differs between branches. */
export function commonResult(answer: Answer): ProgramResult | null {
  const results = new Set(answer.branches.map((branch) => branch.run.report?.result ?? null));
  const [only] = results;
  return results.size === 1 && only !== undefined ? only : null;
}
