import { dirname, resolve } from "node:path";
import type { Reconverged } from "../analysis/reconverge.ts";
import type { Timeline } from "../analysis/timeline/playing.ts";
import type { Stages } from "../analysis/timeline/stages.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import type { SettledCluster } from "../readers/cluster/settle-cluster.ts";
import type { Scenario } from "../readers/scenario/scenario.ts";
import type { LoadedNetwork } from "./loaded-network.ts";
import { readTextFile } from "./read-files.ts";

/** What the changes of a scenario make of its network; null stages where it has none. */
export interface PlayedChanges {
  readonly stages: Stages | null;
  readonly findings: readonly Finding[];
}

/**
 * Plays the timeline and the fixes of a scenario. BIRDs run on the hosts whose configuration is known (`evidence`), so that what happens to
 * packets happens to sessions and routes.
 */
export async function playChanges(
  loaded: LoadedNetwork,
  scenario: Scenario,
  evidence: () => Promise<ReadonlyMap<string, Evidence>>,
): Promise<PlayedChanges> {
  if (scenario.timeline.length === 0 && scenario.fixes.length === 0) return { stages: null, findings: [] };
  const { playStages } = await import("../analysis/timeline/stages.ts");
  const { timeline, findings } = await timelineOf(loaded, scenario, await evidence());
  const stages = playStages(loaded.network, scenario, timeline);
  const all = stages === null ? [] : [stages.played, ...stages.fixed.values()].flatMap((played) => played.findings);
  // fixes are played behind the same timeline: what it tells is told once
  const once = new Map(all.map((finding) => [`${finding.file} ${finding.line} ${finding.message}`, finding]));
  return { stages, findings: [...findings, ...once.values()] };
}

/** What the changes of a scenario work with: BIRDs of the hosts whose configuration is known, files beside the scenario, and manifests. */
export async function timelineOf(
  loaded: LoadedNetwork,
  { file }: Scenario,
  evidence: ReadonlyMap<string, Evidence>,
): Promise<{ readonly timeline: Timeline; readonly findings: readonly Finding[] } & Pick<Reconverged, "refusals">> {
  const [{ daemonsOf }, { unplayedNeighbours }] = await Promise.all([
    import("../analysis/reconverge.ts"),
    import("../analysis/unplayed-neighbours.ts"),
  ]);
  const { network, settled } = loaded;
  const { configurations, findings, refusals, isFollowed } = daemonsOf(network, evidence);
  const unplayed = settled === null ? unplayedNeighbours(network, evidence, configurations) : [];
  const folder = dirname(file);
  const timeline: Timeline = {
    file,
    configurations,
    isFollowed: isFollowed && unplayed.length === 0,
    absent: refusals,
    text: (path) => {
      const text = readTextFile(resolve(folder, path), path);
      return typeof text === "string" ? text : null;
    },
    declared: settled === null ? null : await applier(loaded, settled, findings),
  };
  return { timeline, findings: [...findings, ...unplayed], refusals };
}

/** Makes the cluster again with files that were applied; what the folder itself was told about is not told again. */
async function applier(
  { files, findings, network: { origins } }: LoadedNetwork,
  first: SettledCluster,
  ofDaemons: readonly Finding[],
): Promise<NonNullable<Timeline["declared"]>> {
  const [{ readClusterFolder }, { renderedBird, renderedEvidence }, { daemonsOf }, { birdFilesOf }] = await Promise.all(
    [
      import("../readers/cluster/read-cluster.ts"),
      import("../analysis/rendered-bird.ts"),
      import("../analysis/reconverge.ts"),
      import("../calico/bird/bird-files-of.ts"),
    ],
  );
  const told = new Set([...findings, ...ofDaemons].map(({ code, message }) => `${code} ${message}`));
  return ({ texts: applied, deleted, placed, running }) => {
    const { pods, blocks } = running ?? { pods: first.cluster.pods, blocks: first.plan.blocks };
    const result = readClusterFolder(files, { texts: applied, origins, running: { pods, blocks, deleted, placed } });
    const context = renderedBird(result.cluster, result.settled);
    const texts = [...context.nodes.keys()].map(
      (node) => [node, [...(birdFilesOf(node, context)?.values() ?? [])].join("\n")] as const,
    );
    const daemons = daemonsOf(result.network, renderedEvidence(context, origins, result.settled.birds));
    return {
      network: result.network,
      running: { pods: result.cluster.pods, blocks: result.settled.plan.blocks },
      birdTexts: new Map(texts),
      configurations: daemons.configurations,
      findings: [...result.findings, ...daemons.findings].filter(
        ({ code, message }) => !told.has(`${code} ${message}`),
      ),
    };
  };
}
