import { type BgpRun, routesOf, type startDaemons } from "../../bgp/reconverge.ts";
import type { SpeakerConfiguration } from "../../bgp/speaker/configuration.ts";
import type { Finding } from "../../model/finding.ts";
import type { Host } from "../../model/host.ts";
import type { Network } from "../../model/network.ts";
import type { RunningPods } from "../../readers/cluster/running-pods.ts";
import type { CommandContext } from "../../readers/commands/command.ts";

/** What changes work with. */
export interface Timeline {
  /** The scenario's file, where its changes are written. */
  readonly file: string;
  readonly configurations: ReadonlyMap<string, readonly SpeakerConfiguration[]>;
  /** False where the real daemons may do what these do not. */
  readonly isFollowed: boolean;
  /** Daemons that do not start with what their hosts have. */
  readonly absent?: Parameters<typeof startDaemons>[3];
  /** The text of a file beside the scenario; null when there is none. */
  text(path: string): string | null;
  /** The network that the cluster makes with these files too; null for a network of dumps. */
  readonly declared: ((declaration: Declaration) => DeclaredAnew) | null;
}

/** What was done to a cluster so far. */
export interface Declaration {
  /** Manifests that were applied, by path. */
  readonly texts: Map<string, string>;
  /** Pods that were deleted, by namespace and name. */
  readonly deleted: Set<string>;
  /** Nodes that pods were started on anew. */
  readonly placed: Map<string, string>;
  /** Pods as they run now; null before the first change. */
  running: Pick<RunningPods, "pods" | "blocks"> | null;
}

/** A cluster after it was changed. */
export interface DeclaredAnew {
  readonly network: Network;
  readonly running: Pick<RunningPods, "pods" | "blocks">;
  readonly findings: readonly Finding[];
  /** What confd writes for the BIRDs of each node. */
  readonly birdTexts: ReadonlyMap<string, string>;
  readonly configurations: Timeline["configurations"];
}

/** What a run is changed with, and what was done so far. */
export interface Playing {
  readonly run: BgpRun;
  readonly timeline: Timeline;
  declaration: Declaration;
  /** As it began: what machines of dumps boot with. */
  readonly first: Network;
  /** Machines without power. */
  readonly off: Set<string>;
  /** What confd has written so far; null before anybody asked. */
  birdTexts: ReadonlyMap<string, string> | null;
  /** Commands that machines took, in order: they hold for what manifests make of the machine too. */
  readonly typed: { readonly host: string; readonly command: string; readonly context: CommandContext }[];
  /** Machines with the routes that they have while all sessions stand. */
  expected: Network["hosts"];
  /** Seconds since the start. */
  now: number;
  /** When the first change was to be made that could not be; null: all were made. */
  brokenFrom: number | null;
  readonly findings: Finding[];
  /** As it stood when somebody asked, by seconds. */
  readonly kept: Map<number, Network>;
}

export function nobody(host: string, known: readonly string[], what: string): Finding {
  return {
    code: "change-of-nobody",
    severity: "error",
    message: `There is no ${what} called ${host}.`,
    expected: known.length === 0 ? `a ${what}; there is none` : `one of ${known.slice(0, 8).join(", ")}`,
  };
}

/** A machine does not take a command. */
export function refused(host: string, command: string, problem: string, expected: string | undefined): Finding {
  return {
    code: "command-refused",
    severity: "error",
    message: `${host} refuses \`${command}\`: ${problem}.`,
    ...(expected === undefined ? {} : { expected }),
  };
}

/** A host's own name, or a pattern in which `*` stands for anything but a slash. */
export function isNamed(name: string, pattern: string): boolean {
  if (!pattern.includes("*")) return name === pattern;
  const source = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*");
  return new RegExp(`^${source}$`).test(name);
}

/** A machine with the routes that its BIRD keeps in place of those that it is declared to have. */
export function withLearntRoutes({ run }: Pick<Playing, "run">, name: string, host: Host): Host {
  if (!run.speakers.has(name)) return host;
  const learnt = routesOf(run, name).filter(({ protocol }) => protocol === "bird");
  return { ...host, routes: [...host.routes.filter(({ protocol }) => protocol !== "bird"), ...learnt] };
}
