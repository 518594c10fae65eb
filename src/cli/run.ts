import { basename, resolve } from "node:path";
import { type HostSession, hostSessions } from "../analysis/bgp-evidence.ts";
import { type ComparedSnapshot, compareSnapshots } from "../analysis/compare-snapshots.ts";
import { runScenario, type ScenarioRun } from "../analysis/run-scenario.ts";
import { append } from "../model/append.ts";
import type { Finding } from "../model/finding.ts";
import { readEvidence } from "../readers/evidence/read-evidence.ts";
import { readScenario } from "../readers/scenario/read-scenario.ts";
import { comparisonJson } from "../report/comparison-json.ts";
import { comparisonText } from "../report/comparison-text.ts";
import { streamedRun } from "../report/run-json.ts";
import { HEADLINE_PROBES, runText } from "../report/run-text.ts";
import { disagreements } from "./bgp-disagreements.ts";
import type { BgpOptions } from "./bgp-option.ts";
import type { CommonOptions } from "./common-options.ts";
import { BAD_INPUT, DONE, type ExitCode, FAILED, UNKNOWN, worst } from "./exit-code.ts";
import { type FactOptions, refuseBadFacts, typedFacts } from "./fact-options.ts";
import { InputError } from "./input-error.ts";
import type { Io } from "./io.ts";
import { loadScenarioFile, loadScenarioNetwork } from "./load-scenario.ts";
import type { LoadedNetwork } from "./loaded-network.ts";
import { openOutput } from "./output.ts";
import { playChanges } from "./play-changes.ts";
import { progressBar } from "./progress-bar.ts";
import { remarkOn } from "./remarks.ts";

export interface RunOptions extends CommonOptions, FactOptions, BgpOptions {
  readonly hideAnswer?: boolean;
  /** Routes are those that BGP, started anew, brings. */
  readonly reconverge?: boolean;
}

interface Played {
  readonly shortName: string;
  readonly run: ScenarioRun;
  readonly loaded: LoadedNetwork;
  readonly findings: readonly Finding[];
  /** What BGP's new start changed; null where it did not run anew. */
  readonly reconverged: ReturnType<typeof compareSnapshots> | null;
}

/** `podpath run`: plays scenarios one after the other, then tells what differs between the first and the last. */
export async function run(names: readonly string[], options: RunOptions, io: Io): Promise<ExitCode> {
  const played: Played[] = [];
  const refused: Finding[] = [];
  for (const name of names) {
    try {
      played.push(await play(name, options, io));
    } catch (error) {
      // of several scenarios one that cannot be played does not keep the others from it
      if (!(error instanceof InputError) || names.length === 1) throw error;
      append(refused, error.findings);
    }
  }
  if (played.length === 0) throw new InputError(refused);
  const hideAnswer = options.hideAnswer ?? false;
  const output = openOutput(io, options);
  try {
    output.findings(refused, true);
    for (const { loaded, findings, shortName } of played) {
      output.findings(findings, true);
      remarkOn(loaded, shortName, output);
    }
    const comparison = hideAnswer ? null : compare(played);
    if (options.json === true) {
      const scenarios = played.map(({ run: one, reconverged }) => ({
        ...streamedRun(one, hideAnswer),
        ...(reconverged === null ? {} : { reconverged: comparisonJson(reconverged) }),
      }));
      const [only] = scenarios;
      const difference = comparison === null ? {} : { difference: comparisonJson(comparison) };
      await output.json(scenarios.length === 1 && only !== undefined ? only : { scenarios, ...difference });
    } else {
      const texts = played.flatMap(({ run: one, reconverged }, index) => [
        ...(reconverged === null ? [] : [comparisonText(reconverged, output.ink)]),
        runText(one, { ink: output.ink, hideAnswer, traced: index === 0 }),
      ]);
      if (comparison !== null) texts.push(comparisonText(comparison, output.ink));
      output.result(texts.join("\n\n"));
    }
  } finally {
    output.close();
  }
  const codes = played.flatMap(codesOf);
  return worst(refused.length > 0 ? [...codes, BAD_INPUT] : codes);
}

async function play(name: string, options: RunOptions, io: Io): Promise<Played> {
  const file = await loadScenarioFile(name, io);
  const { scenario, findings } = readScenario(file.text, file.shown);
  if (scenario === null || (options.strictInput === true && findings.length > 0)) throw new InputError(findings);
  const typed = await typedFacts(options);
  const progress = progressBar(io, options);
  // BGP runs from the first change on, or anew: then nobody asks what it has brought before
  const isPlayed = options.reconverge === true || scenario.timeline.length > 0 || scenario.fixes.length > 0;
  const bgp = isPlayed ? "assume" : (options.bgp ?? "auto");
  const loaded = await loadScenarioNetwork(file, scenario.network, { ...options, bgp, typed, progress });
  progress?.end();
  refuseBadFacts(loaded.findings, typed);
  const shortName = basename(resolve(file.folder));
  const anew = options.reconverge === true ? await startAnew(shortName, loaded) : null;
  const played = anew?.loaded ?? loaded;
  const changes = await playChanges(played, scenario, async () => (await configurationsOf(loaded)).evidence);
  const style = { traced: HEADLINE_PROBES, strict: options.strict ?? false, isCertain: anew?.isCertain ?? true };
  return {
    shortName,
    run: runScenario(played.network, scenario, style, changes.stages),
    loaded: played,
    findings: [...findings, ...(anew?.findings ?? []), ...changes.findings],
    reconverged: anew?.difference ?? null,
  };
}

/**
 * Lets BGP run from the dumps' bird.cfg, or from those that confd renders of a folder of manifests, and compares with what was dumped, or
 * taken for granted.
 */
async function startAnew(name: string, loaded: LoadedNetwork) {
  const { reconverge } = await import("../analysis/reconverge.ts");
  const { evidence } = await configurationsOf(loaded);
  const anewBgp = reconverge(loaded.network, evidence, { isDeclared: loaded.settled !== null });
  const { network, sessions } = anewBgp;
  const otherwise = loaded.settled === null ? await disagreements(loaded.network, evidence, anewBgp) : [];
  const before = loaded.settled === null ? `${name} as dumped` : `${name} as assumed`;
  // until BGP runs, a cluster of manifests is one whose sessions all stand
  const known = loaded.settled === null ? hostSessions(evidence) : sessions.map(established);
  const dumped = { name: before, network: loaded.network, sessions: known };
  const anew = { name: "BGP started anew", network, sessions };
  const findings = [...anewBgp.findings, ...otherwise];
  const { isCertain } = anewBgp;
  return { loaded: { ...loaded, network }, findings, difference: compareSnapshots(dumped, anew), isCertain };
}

function established(session: HostSession): HostSession {
  return { ...session, state: "up", info: "Established", bgpState: "Established", lastError: null };
}

async function configurationsOf(loaded: LoadedNetwork) {
  if (loaded.settled === null) return readEvidence(loaded.machines, loaded.network.origins, loaded.factEvidence);
  const { renderedBird, renderedEvidence } = await import("../analysis/rendered-bird.ts");
  const { cluster, settled, network } = loaded;
  return { evidence: renderedEvidence(renderedBird(cluster, settled), network.origins, settled.birds) };
}

function codesOf({ run: one, findings }: Played): readonly ExitCode[] {
  const codes: ExitCode[] = findings.some((finding) => finding.severity === "error") ? [BAD_INPUT] : [DONE];
  for (const { verdict } of [...one.probes, ...one.fixes.flatMap(({ probes }) => probes)]) {
    if (verdict === "failed") codes.push(FAILED);
    else if (verdict === "unknown") codes.push(UNKNOWN);
    else if (verdict === "not-asked") codes.push(BAD_INPUT);
  }
  return codes;
}

/** The first scenario's network against the last one's; null for a single one. */
function compare(played: readonly Played[]): ReturnType<typeof compareSnapshots> | null {
  const first = played[0];
  const last = played.at(-1);
  if (first === undefined || last === undefined || first === last) return null;
  const side = ({ shortName, loaded }: Played): ComparedSnapshot => ({
    name: shortName,
    network: loaded.network,
    sessions: hostSessions(readEvidence(loaded.machines, loaded.network.origins).evidence),
  });
  return compareSnapshots(side(first), side(last));
}
