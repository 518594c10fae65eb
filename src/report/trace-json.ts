import { hopWords } from "../analysis/hop-words.ts";
import { consequencesOf, decisiveJourney, ownJourneys, responsesTo } from "../analysis/journeys.ts";
import type { LookedUp, ProgramResult } from "../emulator/applications/program.ts";
import type { Assumption } from "../emulator/assumption.ts";
import type { Journey } from "../emulator/journey.ts";
import { type NamedReason, reasonOnHost } from "../linux/drop-reason-by-kernel.ts";
import type { PacketKind } from "../linux/runtime.ts";
import type { AssumptionCode } from "../model/codes/assumption-codes.ts";
import type { Network } from "../model/network.ts";
import { type Source, sourceOf } from "../model/origin.ts";
import { formatAddress } from "../net/address.ts";
import { ICMP, ICMPV6 } from "../net/protocol.ts";
import { commandFor } from "../trace/fact-source.ts";
import { unverifiedParts } from "../trace/rests-on.ts";
import type { Answer, Branch, Certainty, Run, Unknown } from "../trace/result.ts";
import { docOf } from "./code-link.ts";
import { decidingRule } from "./ending-text.ts";
import { type MissingRouteJson, missingRoutesJson } from "./missing-route-json.ts";
import { type PacketJson, packetJson } from "./packet-json.ts";
import { type RuleJson, ruleJson, type StepJson, stepJson } from "./step-json.ts";

/** Where a packet ended and why: the part of a result that packets and responses share. */
export interface FateJson {
  readonly outcome: "delivered" | "dropped" | "rejected" | "left" | "unresolved" | null;
  readonly socket: "open" | "closed" | "assumed-open" | "unknown" | null;
  readonly at: { readonly host: string; readonly interface: string | null; readonly hook: string | null } | null;
  readonly reason: NamedReason | null;
  readonly text: string;
  readonly nextHop: string | null;
  readonly rule: RuleJson | null;
  readonly error: string | null;
  readonly packet: PacketJson;
  readonly responses: readonly ResponseJson[];
  readonly steps: readonly StepJson[];
}

/** What a host sent back: a full result of its own. */
export interface ResponseJson extends FateJson {
  readonly kind: PacketKind;
  readonly host: string;
  readonly type: number | null;
  readonly code: number | null;
  readonly from: string;
  readonly to: string;
}

export interface BranchJson extends FateJson {
  readonly probability: number;
  readonly conditions: readonly string[];
  readonly count: number;
  readonly result: ProgramResult | null;
  /** What the sender's program would print; null where nobody waits for an answer. */
  readonly output: string | null;
  /** Questions to name servers that came first, in order; `answer` is null where none came back, empty where there is no such name. */
  readonly lookups?: readonly LookedUp[];
  /** Of a traceroute: the address that answered each TTL, or `*`. */
  readonly hops?: readonly string[];
  /** Of a traceroute: what became of the probe of each TTL; the branch's own fields are about the last one. */
  readonly probes?: readonly FateJson[];
}

export interface AssumptionJson {
  readonly code: AssumptionCode;
  /** The page of the code. */
  readonly doc: string;
  readonly host: string;
  readonly part: string;
  readonly detail: string;
  readonly command: string;
}

export interface UnknownJson extends Unknown {
  /** The page of the code. */
  readonly doc: string;
}

export interface AnswerJson {
  readonly id?: string;
  readonly certainty: Certainty;
  readonly assumptions: readonly AssumptionJson[];
  /** Parts of the model that the packets met and no kernel has confirmed. */
  readonly unverified: readonly { readonly feature: string; readonly reason: string; readonly source: Source | null }[];
  readonly unknowns: readonly UnknownJson[];
  readonly truncated?: true;
  /** Routes that BGP, which ran, did not bring; absent where none is missed. */
  readonly missingRoutes?: readonly MissingRouteJson[];
  readonly branches: readonly BranchJson[];
}

function assumptionJson(assumption: Assumption): AssumptionJson {
  const { code, host, part, detail } = assumption;
  return { code, doc: docOf(code), host, part, detail, command: commandFor(assumption) };
}

/** An answer as INTERFACES section 4 writes it. */
export function answerJson(answer: Answer, id: string | null = null): AnswerJson {
  const streamed = streamedAnswer(answer, id);
  return { ...streamed, branches: [...streamed.branches] };
}

/** The same, with branches that are made when their turn comes. */
export type StreamedAnswer = Omit<AnswerJson, "branches"> & { readonly branches: Iterable<BranchJson> };

export function streamedAnswer(answer: Answer, id: string | null = null): StreamedAnswer {
  const missingRoutes = missingRoutesJson(answer);
  return {
    ...(id === null ? {} : { id }),
    certainty: answer.certainty,
    assumptions: answer.assumptions.map(assumptionJson),
    unverified: unverifiedParts(answer.network, answer.branches).map(({ feature, reason, origin }) => ({
      feature,
      reason,
      source: sourceOf(answer.network.origins, origin),
    })),
    unknowns: answer.unknowns.map((unknown) => ({ ...unknown, doc: docOf(unknown.code) })),
    ...(answer.truncated ? { truncated: true } : {}),
    ...(missingRoutes.length === 0 ? {} : { missingRoutes }),
    branches: branchesOf(answer),
  };
}

function* branchesOf({ network, branches }: Answer): Generator<BranchJson> {
  for (const branch of branches) yield* branchJson(network, branch);
}

function branchJson(network: Network, branch: Branch): readonly BranchJson[] {
  const { run } = branch;
  const journey = decisiveJourney(run);
  if (journey === null) return [];
  const own = ownJourneys(run);
  const hops = run.report?.hops ?? [];
  return [
    {
      probability: branch.probability,
      conditions: branch.conditions,
      count: branch.count,
      ...fateJson(network, run, journey),
      result: run.report?.result ?? null,
      output: run.report?.text ?? null,
      ...(run.report?.lookups === undefined ? {} : { lookups: run.report.lookups }),
      ...(hops.length === 0 ? {} : { hops: hopWords(hops), probes: own.map((item) => fateJson(network, run, item)) }),
    },
  ];
}

/** Answers first, then what they answer: copies of copies may be thousands deep. */
function fateJson(network: Network, run: Run, journey: Journey): FateJson {
  const made = new Map<number, ResponseJson>();
  for (const response of consequencesOf(run, journey).toReversed()) {
    made.set(response.id, responseJson(network, run, response, made));
  }
  return fateOf(network, run, journey, made);
}

/** `made`: what hosts sent because of the packet. */
function fateOf(network: Network, run: Run, journey: Journey, made: ReadonlyMap<number, ResponseJson>): FateJson {
  const { end } = journey;
  const ending = end?.ending ?? null;
  const rule = decidingRule(journey);
  return {
    outcome: ending?.outcome ?? null,
    socket: ending?.socket ?? null,
    at: end === null ? null : { host: end.host, interface: end.interface, hook: ending?.hook ?? null },
    reason: end === null ? null : reasonOnHost(network, end.host, end.ending.reason),
    text: ending?.text ?? "",
    nextHop: ending?.nextHop === null || ending === null ? null : formatAddress(ending.nextHop),
    rule: rule === null || end === null ? null : ruleJson(network, end.host, rule),
    error: journey.error ?? ending?.error ?? null,
    packet: packetJson(end?.packet ?? journey.packet, run.freeDomains),
    responses: responsesTo(run, journey).flatMap(({ id }) => made.get(id) ?? []),
    steps: (run.steps.get(journey.id) ?? []).map((step) => stepJson(network, step, run.freeDomains)),
  };
}

function responseJson(
  network: Network,
  run: Run,
  journey: Journey,
  made: ReadonlyMap<number, ResponseJson>,
): ResponseJson {
  const packet = journey.end?.packet ?? journey.packet;
  const isIcmp = packet.protocol === ICMP || packet.protocol === ICMPV6;
  return {
    kind: journey.kind,
    host: journey.host,
    type: isIcmp ? packet.icmpType : null,
    code: isIcmp ? packet.icmpCode : null,
    from: formatAddress(packet.src),
    to: formatAddress(packet.dst),
    ...fateOf(network, run, journey, made),
  };
}
