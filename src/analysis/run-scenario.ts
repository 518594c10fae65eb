import type { Finding } from "../model/finding.ts";
import type { Network } from "../model/network.ts";
import type { Fix, Scenario, ScenarioProbe } from "../readers/scenario/scenario.ts";
import { askProbe, type PreparedProbe, prepareProbe } from "../trace/probe.ts";
import { type Answer, joinAnswers } from "../trace/result.ts";
import { type Comparison, compareExpectation } from "./expectation.ts";
import {
  forgetBooted,
  type KeptConnections,
  socketOf,
  tablesOf,
  withKeptConnections,
} from "./timeline/kept-connections.ts";
import type { Stages } from "./timeline/stages.ts";

/** A probe of a scenario, played. */
export interface PlayedProbe {
  readonly probe: ScenarioProbe;
  readonly prepared: PreparedProbe | null;
  /** Null when the probe could not be asked: `findings` says why. */
  readonly answer: Answer | null;
  readonly findings: readonly Finding[];
  readonly comparisons: readonly Comparison[];
  readonly verdict: "held" | "failed" | "unknown" | "not-asked" | "no-expectation";
}

export interface ScenarioRun {
  readonly scenario: Scenario;
  readonly network: Network;
  readonly probes: readonly PlayedProbe[];
  readonly fixes: readonly PlayedFix[];
}

/** A fix, and what its probes gave after it. */
export interface PlayedFix {
  readonly fix: Fix;
  readonly probes: readonly PlayedProbe[];
}

export interface RunOptions {
  /** Every assumption that matters becomes an unknown (`--strict`). */
  readonly strict: boolean;
  /** Write down the steps of so many probes, from the first. Those whose expectation fails have theirs anyway. */
  readonly traced: number;
  /** False where the network itself may be another one: its routes are those of BGP that was not followed in all. */
  readonly isCertain?: boolean;
}

/** Asks every probe of a scenario and holds the answers against what was expected. */
export function runScenario(
  network: Network,
  scenario: Scenario,
  options: RunOptions,
  stages: Stages | null = null,
): ScenarioRun {
  const placeOf = ({ line }: { readonly line: number | null }) => ({
    file: scenario.file,
    ...(line === null ? {} : { line }),
  });
  const sockets: Sockets = new Map();
  const asked = scenario.probes.map((probe, index) => ({ probe, index, time: probe.at ?? stages?.last ?? 0 }));
  // what one socket sends goes on in the order of time
  const played = new Map<number, PlayedProbe>();
  for (const { probe, index, time } of [...asked].sort((x, y) => x.time - y.time || x.index - y.index)) {
    const standing = stages === null ? network : stages.played.at(time);
    const isBroken = options.isCertain === false || (stages !== null && !stages.played.isCertain(time));
    const traced = index < options.traced;
    const answered =
      stages === null
        ? playProbe(standing, probe, placeOf(probe), traced, options)
        : playOnSocket({ network: standing, time, scenario, sockets }, probe, placeOf(probe), traced, options);
    played.set(index, afterAll(answered, isBroken));
  }
  const probes = asked.flatMap(({ index }) => played.get(index) ?? []);
  const fixes = [...(stages?.fixed ?? [])].map(([fix, after]) => {
    const repaired = after.at(stages?.fixedBy ?? 0);
    const own = scenario.probes.flatMap((probe) => {
      const expect = fix.expect.get(probe.name);
      if (expect === undefined) return [];
      return afterAll(
        playProbe(repaired, { ...probe, expect }, placeOf(fix), false, options),
        options.isCertain === false || !after.isCertain(stages?.fixedBy ?? 0),
      );
    });
    return { fix, probes: own };
  });
  return { scenario, network: stages?.played.at(stages.last) ?? network, probes, fixes };
}

/** What was expected after changes that could not be made, or of routes that nobody knows, says nothing about the network as it stands. */
function afterAll(played: PlayedProbe, isBroken: boolean): PlayedProbe {
  if (!isBroken) return played;
  const { answer, verdict } = played;
  const isJudged = verdict === "held" || verdict === "failed";
  return {
    ...played,
    answer: answer === null ? null : { ...answer, certainty: "uncertain" },
    verdict: isJudged ? "unknown" : verdict,
  };
}

/** What sockets of earlier probes left in the tables of hosts. */
type Sockets = Map<string, readonly KeptConnections[]>;

interface Moment {
  readonly network: Network;
  readonly time: number;
  readonly scenario: Scenario;
  readonly sockets: Sockets;
}

/** A probe whose socket may have sent before: in each way that this went, it goes on from there. */
function playOnSocket(
  { network, time, scenario, sockets }: Moment,
  probe: ScenarioProbe,
  place: Pick<Finding, "file" | "line">,
  traced: boolean,
  options: RunOptions,
): PlayedProbe {
  const socket = socketOf(probe.probe);
  if (socket === null) return playProbe(network, probe, place, traced, options);
  const before = sockets.get(socket) ?? [{ tables: new Map(), probability: 1, time, cleaning: null }];
  const ways = before.map((kept) => {
    const { network: standing, findings } = withKeptConnections(network, forgetBooted(kept, time, scenario), time);
    return { kept, findings, played: playProbe(standing, probe, place, traced, { ...options, tables: true }) };
  });
  sockets.set(
    socket,
    ways.flatMap(({ kept, played }) =>
      (played.answer?.branches ?? []).map(({ run, probability }) => ({
        tables: tablesOf(run),
        probability: kept.probability * probability,
        time,
        cleaning: network.cleaning ?? null,
      })),
    ),
  );
  const findings = [...new Map(ways.flatMap((way) => way.findings).map((one) => [one.message, one])).values()];
  const [first] = ways;
  if (first === undefined) return playProbe(network, probe, place, traced, options);
  const answers = ways.flatMap(({ played, kept }) =>
    played.answer === null ? [] : [{ answer: played.answer, probability: kept.probability }],
  );
  const answer = joinAnswers(answers);
  if (answer === null) return first.played;
  const comparisons = compareExpectation(probe.expect, answer);
  return {
    ...first.played,
    answer,
    comparisons,
    verdict: verdictOf(comparisons),
    findings: findings.map((one) => ({ ...place, ...one })),
  };
}

function playProbe(
  network: Network,
  probe: ScenarioProbe,
  place: Pick<Finding, "file" | "line">,
  traced: boolean,
  options: RunOptions & { readonly tables?: boolean },
): PlayedProbe {
  const prepared = prepareProbe(network, probe.probe);
  if ("findings" in prepared) {
    const findings = prepared.findings.map((finding) => ({ ...place, ...finding }));
    return { probe, prepared: null, answer: null, findings, comparisons: [], verdict: "not-asked" };
  }
  const ask = (steps: boolean): Answer =>
    askProbe(network, prepared.probe, { steps, strict: options.strict, tables: options.tables ?? false });
  const first = ask(traced || probe.expect.via !== null);
  const comparisons = compareExpectation(probe.expect, first);
  const verdict = verdictOf(comparisons);
  const answer = verdict === "failed" && !traced ? ask(true) : first;
  return { probe, prepared: prepared.probe, answer, findings: [], comparisons, verdict };
}

function verdictOf(comparisons: readonly Comparison[]): PlayedProbe["verdict"] {
  if (comparisons.length === 0) return "no-expectation";
  if (comparisons.some((comparison) => comparison.judgement === "fails")) return "failed";
  return comparisons.some((comparison) => comparison.judgement === "unknown") ? "unknown" : "held";
}
