import type { Cluster } from "../calico/cluster.ts";
import type { Finding } from "../model/finding.ts";
import type { Network } from "../model/network.ts";
import type { SettledCluster } from "../readers/cluster/settle-cluster.ts";
import type { Scenario } from "../readers/scenario/scenario.ts";
import type { SnapshotFiles } from "../readers/snapshot/files.ts";
import type { SnapshotResult } from "../readers/snapshot/read-snapshot.ts";
import type { BgpOptions } from "./bgp-option.ts";
import type { CommonOptions } from "./common-options.ts";
import type { FactOptions } from "./fact-options.ts";
import { InputError } from "./input-error.ts";
import type { ProgressBar } from "./progress-bar.ts";

export interface LoadOptions extends CommonOptions, FactOptions, BgpOptions {
  /** Parts of machines are read when a packet needs them, unless `--strict-input` asks for every finding. */
  readonly open?: boolean;
  /** One dump that decides about no packet is taken too. */
  readonly evidence?: boolean;
  /** Where to show how far the reading has come; null: nowhere. */
  readonly progress?: ProgressBar | null;
}

/** A network to ask questions of, and what was found while reading it. */
export interface LoadedNetwork {
  readonly name: string;
  readonly network: Network;
  /** Of a network that was opened: what was found until now. */
  readonly findings: readonly Finding[];
  readonly recognised: SnapshotResult["recognised"];
  /** Files that were placed by what is in them. */
  readonly placements: SnapshotResult["placements"];
  /** The files of each machine, for what readers/evidence/ reads from them. */
  readonly machines: SnapshotResult["machines"];
  readonly factEvidence: SnapshotResult["factEvidence"];
  /** Kubernetes and Calico objects. */
  readonly cluster: Cluster;
  /** A folder of manifests in which everything has happened that follows from them; null for dumps. */
  readonly settled: SettledCluster | null;
  /** What calicoctl said of Calico's addresses. */
  readonly ipam: SnapshotResult["ipam"];
  /** When the dumps were taken; null when nothing says. */
  readonly collectedAt: Date | null;
  /** The files it was read from. */
  readonly files: SnapshotFiles;
  /** True for one dump without its surroundings. */
  readonly lone: boolean;
  /** The scenario that names it, where that was read as a whole. */
  readonly scenario?: Scenario;
}

/** Options, and the facts that were read from them. */
export interface TypedOptions extends LoadOptions {
  readonly typed?: SnapshotFiles["facts"];
}

const ORDER = { error: 0, warning: 1, info: 2 } as const;

/** Errors before warnings before remarks. */
export function worstFirst(findings: readonly Finding[]): readonly Finding[] {
  return [...findings].sort((x, y) => ORDER[x.severity] - ORDER[y.severity]);
}

/** With `--strict-input` any finding is an error. */
export function checkInput(loaded: LoadedNetwork, options: CommonOptions): LoadedNetwork {
  if (options.strictInput === true && loaded.findings.length > 0) throw new InputError(worstFirst(loaded.findings));
  return loaded;
}
