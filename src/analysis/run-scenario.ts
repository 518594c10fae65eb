import type { Finding } from "../model/finding.ts";
import type { Network } from "../model/network.ts";
import type { Fix, Scenario, ScenarioProbe } from "../readers/scenario/scenario.ts";
import { askProbe, type PreparedProbe, prepareProbe } from "../trace/probe.ts";
import type { Answer } from "../trace/result.ts";
import { type Comparison, compareExpectation } from "./expectation.ts";
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
  const probes = scenario.probes.map((probe, index) => {
    const time = probe.at ?? stages?.last ?? 0;
    const asked = stages === null ? network : stages.played.at(time);
    const isBroken = stages !== null && !stages.played.isCertain(time);
    return afterAll(playProbe(asked, probe, placeOf(probe), index < options.traced, options), isBroken);
  });
  const fixes = [...(stages?.fixed ?? [])].map(([fix, after]) => {
    const repaired = after.at(stages?.fixedBy ?? 0);
    const own = scenario.probes.flatMap((probe) => {
      const expect = fix.expect.get(probe.name);
      if (expect === undefined) return [];
      return afterAll(
        playProbe(repaired, { ...probe, expect }, placeOf(fix), false, options),
        !after.isCertain(stages?.fixedBy ?? 0),
      );
    });
    return { fix, probes: own };
  });
  return { scenario, network: stages?.played.at(stages.last) ?? network, probes, fixes };
}

/** What was expected after changes that could not be made says nothing about the network as it stands. */
function afterAll(played: PlayedProbe, isBroken: boolean): PlayedProbe {
  const isJudged = played.verdict === "held" || played.verdict === "failed";
  return isBroken && isJudged ? { ...played, verdict: "unknown" } : played;
}

function playProbe(
  network: Network,
  probe: ScenarioProbe,
  place: Pick<Finding, "file" | "line">,
  traced: boolean,
  options: RunOptions,
): PlayedProbe {
  const prepared = prepareProbe(network, probe.probe);
  if ("findings" in prepared) {
    const findings = prepared.findings.map((finding) => ({ ...place, ...finding }));
    return { probe, prepared: null, answer: null, findings, comparisons: [], verdict: "not-asked" };
  }
  const ask = (steps: boolean): Answer => askProbe(network, prepared.probe, { steps, strict: options.strict });
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
