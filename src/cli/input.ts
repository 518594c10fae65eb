import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import type { Cluster } from "../calico/cluster.ts";
import type { Finding } from "../model/finding.ts";
import type { Network } from "../model/network.ts";
import { isClusterFolder } from "../readers/cluster/cluster-folder.ts";
import type { SettledCluster } from "../readers/cluster/settle-cluster.ts";
import { pasteSections } from "../readers/loose/paste-sections.ts";
import { recogniseDump } from "../readers/recognise.ts";
import { FILE_ROLES, type SnapshotFiles, stemOf } from "../readers/snapshot/files.ts";
import { readLoneDump } from "../readers/snapshot/lone-dump.ts";
import { isNotRead } from "../readers/snapshot/not-read.ts";
import { openSnapshot, readSnapshot, type SnapshotResult } from "../readers/snapshot/read-snapshot.ts";
import { snapshotRoots } from "../readers/snapshot/roots.ts";
import { nearest } from "../trace/nearest.ts";
import type { BgpOptions } from "./bgp-option.ts";
import type { CommonOptions } from "./common-options.ts";
import { type FactOptions, refuseBadFacts, typedFacts } from "./fact-options.ts";
import {
  isSnapshot,
  isWrapper,
  machineFolder,
  networksInside,
  severalInArchive,
  severalInside,
} from "./folders-inside.ts";
import { InputError } from "./input-error.ts";
import type { Io } from "./io.ts";
import { type ProgressBar, progressBar } from "./progress-bar.ts";
import { readFolder, readTextFile } from "./read-files.ts";
import { openStdin, STDIN_NAME } from "./read-stdin.ts";
import { sniffArchive } from "./sniff.ts";
import { hostsTold, untoldFiles } from "./told-hosts.ts";

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
}

/** A `scenario.yaml`: where it stands and what it says. */
export interface ScenarioFile {
  /** As the user named it. */
  readonly shown: string;
  readonly folder: string;
  readonly text: string;
}

type Located =
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "scenario"; readonly file: ScenarioFile }
  /** `source`: standard input; null for a file. */
  | { readonly kind: "archive"; readonly shown: string; readonly source: AsyncIterable<Uint8Array> | null }
  | { readonly kind: "text"; readonly shown: string; readonly text: string };

/** Loads what INTERFACES section 1 calls `<network>`. Throws an InputError when nothing can be read. */
export async function loadNetwork(argument: string | undefined, io: Io, options: LoadOptions): Promise<LoadedNetwork> {
  const facts = await typedFacts(options);
  if (argument === undefined && facts.length === 0) throw new InputError([noNetwork()]);
  const progress = progressBar(io, options);
  const how = { ...options, typed: facts, progress };
  const loaded = await ended(
    progress,
    argument === undefined ? loadFiles("the facts", new Map(), [], how) : load(await locate(argument, io), how),
  );
  refuseBadFacts(loaded.findings, facts);
  if (options.bgp === "run" && loaded.settled === null) throw new InputError([asDumped()]);
  return checkInput(loaded, options);
}

function noNetwork(): Finding {
  return {
    code: "bad-arguments",
    severity: "error",
    message: "the network is missing",
    expected: "a snapshot folder, a scenario, one dump file, or - for standard input; or facts typed with --fact",
  };
}

function asDumped(): Finding {
  return {
    code: "bad-arguments",
    severity: "error",
    message: "--bgp run is for manifests: of dumps the routes are taken as they are",
    advice: "podpath run --reconverge and podpath birdc let BGP run from the bird.cfg of dumps.",
  };
}

/** What was loaded; the bar is gone then, or when it failed. */
async function ended(
  progress: ProgressBar | null,
  loading: LoadedNetwork | Promise<LoadedNetwork>,
): Promise<LoadedNetwork> {
  try {
    return await loading;
  } finally {
    progress?.end();
  }
}

/** Options, and the facts that were read from them. */
interface TypedOptions extends LoadOptions {
  readonly typed?: SnapshotFiles["facts"];
}

async function load(located: Located, options: TypedOptions): Promise<LoadedNetwork> {
  switch (located.kind) {
    case "folder":
      return loadFolder(located.path, options);
    case "archive":
      return loadArchive(located.shown, located.source, options);
    case "scenario": {
      const { snapshotOfScenario } = await import("../readers/scenario/snapshot-of-scenario.ts");
      const quick = snapshotOfScenario(located.file.text);
      if (quick !== null) return loadScenarioNetwork(located.file, quick, options);
      const { readScenario } = await import("../readers/scenario/read-scenario.ts");
      const read = readScenario(located.file.text, located.file.shown);
      if (read.scenario === null) throw new InputError(read.findings);
      return loadScenarioNetwork(located.file, read.scenario.network, options);
    }
    case "text":
      return loadText(located.text, located.shown, options);
  }
}

async function loadText(text: string, shown: string, options: TypedOptions): Promise<LoadedNetwork> {
  // a paste of several commands tells more than one dump
  if (pasteSections(text).filter(({ stem, isObjects }) => stem !== null || isObjects).length > 1) {
    return loadFiles(shown, new Map([[shown, text]]), [], options);
  }
  const dump = readLoneDump(text, shown, options.typed, options.evidence);
  if (dump.kind === null || dump.findings.some((finding) => finding.code === "unrecognised-file")) {
    throw new InputError(dump.findings);
  }
  if (dump.findings.some(({ code }) => code === "manifests-alone")) {
    const file = /\.(?:ya?ml|json)$/i.test(shown) ? shown : `${shown}.yaml`;
    return loadFiles(shown, new Map([[file, text]]), [], options);
  }
  const isReport = dump.kind === "ipam-show" || dump.kind === "ipam-check";
  if (dump.network.hosts.size === 0 && !isReport) throw new InputError(whyNone(dump.findings));
  return {
    name: shown,
    network: dump.network,
    findings: dump.findings,
    recognised: dump.recognised,
    machines: dump.machines,
    cluster: dump.cluster,
    settled: null,
    ipam: dump.ipam,
    placements: [],
    factEvidence: dump.factEvidence,
    collectedAt: null,
    files: { name: shown, files: new Map([[shown, text]]) },
    lone: true,
  };
}

/** A snapshot, a bundle or a compressed dump; `source` is null for a file. */
async function loadArchive(
  shown: string,
  source: AsyncIterable<Uint8Array> | null,
  options: TypedOptions,
): Promise<LoadedNetwork> {
  const { bytesOf, readArchive } = await import("./read-archive.ts");
  const bytes = source ?? counted(bytesOf(shown), statSync(shown).size, options.progress ?? null);
  const { files, findings } = await readArchive(bytes, shown, options.unpackLimit);
  const compressed = files.get("");
  if (compressed !== undefined) {
    const single = compressed.read();
    if (typeof single !== "string") throw new InputError([single.problem]);
    const lone = await loadText(single, shown, options);
    return { ...lone, findings: [...findings, ...lone.findings] };
  }
  if (files.size === 0) throw new InputError([...findings.filter(isError), emptyArchive(shown)]);
  const roots = snapshotRoots(files.keys());
  if (roots.length > 1) throw new InputError([severalInArchive(shown, roots)]);
  return loadFiles(basename(shown), files, findings, options);
}

/** The same bytes; how many of them came is shown. */
async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  total: number,
  progress: ProgressBar | null,
): AsyncGenerator<Uint8Array> {
  const megabytes = (count: number): number => Math.ceil(count / 1024 / 1024);
  let done = 0;
  for await (const piece of bytes) {
    done += piece.length;
    progress?.show("MB unpacked", megabytes(done), megabytes(total));
    yield piece;
  }
}

function isError(finding: Finding): boolean {
  return finding.severity === "error";
}

function emptyArchive(shown: string): Finding {
  return {
    code: "empty-snapshot",
    severity: "error",
    message: `${shown} holds no file that could be read`,
    expected: "an archive of a snapshot folder or of a Calico diagnostics bundle",
  };
}

/** The network a scenario names. */
export async function loadScenarioNetwork(
  file: ScenarioFile,
  network: { readonly snapshot: string | null; readonly cluster?: string | null; readonly line: number | null },
  options: TypedOptions,
): Promise<LoadedNetwork> {
  const place = { file: file.shown, ...(network.line === null ? {} : { line: network.line }) };
  const isCluster = network.snapshot === null;
  const folder = network.snapshot ?? network.cluster ?? "";
  const path = resolve(file.folder, folder);
  if (!existsSync(path) || !statSync(path).isDirectory()) {
    throw new InputError([
      {
        code: "missing-folder",
        severity: "error",
        message: `there is no ${isCluster ? "folder of manifests" : "snapshot folder"} ${folder}`,
        ...place,
        expected: "a folder, relative to the scenario file",
        advice: similar(path),
      },
    ]);
  }
  if (!isCluster) return checkInput(await loadFolder(path, options), options);
  const { loadCluster } = await import("./load-cluster.ts");
  return checkInput(await loadCluster(basename(path), readFolder(path), [], options), options);
}

/** The scenario an argument names: a folder with a scenario.yaml, or the file itself. */
export async function loadScenarioFile(argument: string, io: Io): Promise<ScenarioFile> {
  const located = await locate(argument, io);
  if (located.kind === "scenario") return located.file;
  const inside =
    located.kind === "folder" ? networksInside(located.path).filter(({ kind }) => kind === "scenario") : [];
  if (located.kind === "folder" && inside.length > 0) throw new InputError([severalInside(located.path, inside)]);
  throw new InputError([
    {
      code: "not-a-scenario",
      severity: "error",
      message: `${argument} is no scenario`,
      expected: "a folder with a scenario.yaml, or such a file",
      advice: "To ask about the network itself, use podpath trace or podpath check.",
    },
  ]);
}

async function locate(argument: string, io: Io): Promise<Located> {
  if (argument === "-") {
    const stdin = await openStdin(io);
    if (typeof stdin === "string") return { kind: "text", shown: STDIN_NAME, text: stdin };
    return { kind: "archive", shown: STDIN_NAME, source: stdin };
  }
  let isFolder: boolean;
  let isFile: boolean;
  try {
    const about = statSync(argument);
    isFolder = about.isDirectory();
    isFile = about.isFile();
  } catch (error) {
    throw new InputError([missing(argument, error)]);
  }
  if (isFolder) {
    const scenario = join(argument, "scenario.yaml");
    if (existsSync(scenario)) return { kind: "scenario", file: scenarioFile(scenario) };
    return { kind: "folder", path: argument };
  }
  if (isFile && sniffArchive(argument) !== null) return { kind: "archive", shown: argument, source: null };
  const text = readTextFile(argument, argument);
  if (typeof text !== "string") throw new InputError([text.problem]);
  const kind = recogniseDump(text);
  if (kind === "scenario" || /^scenario\.ya?ml$/.test(basename(argument))) {
    return { kind: "scenario", file: { shown: argument, folder: dirname(argument), text } };
  }
  if (kind === "snapshot") return { kind: "folder", path: dirname(argument) };
  return { kind: "text", shown: argument, text };
}

function scenarioFile(path: string): ScenarioFile {
  const text = readTextFile(path, path);
  if (typeof text !== "string") throw new InputError([text.problem]);
  return { shown: path, folder: dirname(path), text };
}

function missing(path: string, error: unknown): Finding {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code !== "ENOENT" && code !== "ENOTDIR") {
    const why =
      code === "EACCES" ? "permission denied" : code === "ELOOP" ? "it is a link that leads back to itself" : code;
    return {
      code: "unreadable-file",
      severity: "error",
      message: `cannot read ${path}: ${why}`,
      advice: "Check its permissions.",
    };
  }
  return {
    code: "missing-file",
    severity: "error",
    message: `there is no file or folder ${path}`,
    expected: "a snapshot folder, a scenario, one dump file, or - for standard input",
    advice: similar(path),
  };
}

/** Names like it, next to where it should be. */
function similar(path: string): string {
  let folder = dirname(resolve(path));
  while (!existsSync(folder)) folder = dirname(folder);
  let names: readonly string[];
  try {
    names = readdirSync(folder).slice(0, 1000);
  } catch {
    return "Check the path.";
  }
  const close = nearest(basename(path), names, 3).map((name) => relative(".", join(folder, name)) || name);
  return close.length > 0 ? `Did you mean ${close.join(" or ")}?` : "Check the path.";
}

/** A folder is a snapshot, a bundle, loose dumps, or manifests. Archives in it are opened. */
async function loadFolder(path: string, options: TypedOptions): Promise<LoadedNetwork> {
  if (!isSnapshot(path)) {
    const inside = networksInside(path);
    if (inside.length > 0 && !isWrapper(path, inside)) throw new InputError([severalInside(path, inside)]);
    const machine = machineFolder(path);
    if (machine !== null) throw new InputError([machine]);
  }
  const { files, findings } = await withArchives(path, readFolder(path), options);
  return loadFiles(basename(resolve(path)), files, findings, options);
}

/** The files of a folder, with those of the archives that lie in it: `diags.tar.gz/diagnostics/hostname`. */
async function withArchives(
  folder: string,
  read: SnapshotFiles["files"],
  options: CommonOptions,
): Promise<{ readonly files: SnapshotFiles["files"]; readonly findings: readonly Finding[] }> {
  const archives = [...read.keys()].filter((path) => mayBeArchive(path) && sniffArchive(join(folder, path)) !== null);
  if (archives.length === 0) return { files: read, findings: [] };
  const { bytesOf, readArchive } = await import("./read-archive.ts");
  const files = new Map(read);
  const findings: Finding[] = [];
  for (const path of archives) {
    const opened = await readArchive(bytesOf(join(folder, path)), path, options.unpackLimit);
    files.delete(path);
    for (const [inside, content] of opened.files) files.set(inside === "" ? path : `${path}/${inside}`, content);
    findings.push(...opened.findings);
  }
  const whole = snapshotRoots(files.keys()).filter((root) =>
    archives.some((archive) => root.startsWith(`${archive}/`)),
  );
  if (whole.length > 1) throw new InputError([severalInArchive(folder, whole)]);
  return { files, findings };
}

/** False for the files of a snapshot folder, which nobody needs to look into for that. */
function mayBeArchive(path: string): boolean {
  return !FILE_ROLES.has(stemOf(basename(path))) && !/\.ya?ml$/.test(path) && !isNotRead(path);
}

/** Makes a network of files, wherever they come from. */
async function loadFiles(
  name: string,
  read: SnapshotFiles["files"],
  earlier: readonly Finding[],
  options: TypedOptions,
): Promise<LoadedNetwork> {
  const { host = [], typed: facts = [] } = options;
  const untold = untoldFiles(host, [...read.keys()]);
  if (untold.length > 0) throw new InputError(untold);
  if (isClusterFolder(read)) {
    const { loadCluster } = await import("./load-cluster.ts");
    return loadCluster(name, read, earlier, options);
  }
  const files: SnapshotFiles = { name, files: read, facts, hostOf: hostsTold(host) };
  const manifests = isManifests(read);
  const asSnapshot = manifests
    ? { name, files: new Map([...read].map(([file, text]) => [`${CLUSTER}${file}`, text] as const)), facts }
    : files;
  const mode = options.open === true && options.strictInput !== true ? openSnapshot : readSnapshot;
  const result = mode(asSnapshot, (done, total) => options.progress?.show("machines read", done, total));
  if (manifests && result.network.hosts.size === 0 && result.cluster.nodes.size + result.cluster.calicoNodes.size > 0) {
    const { loadCluster } = await import("./load-cluster.ts");
    return loadCluster(name, read, earlier, options);
  }
  if (result.network.hosts.size === 0) {
    const findings = [...earlier, ...result.findings];
    throw new InputError(whyNone(manifests ? findings.map(asGiven) : findings));
  }
  return {
    name: result.name,
    network: result.network,
    get findings() {
      return [...earlier, ...result.findings];
    },
    recognised: result.recognised,
    machines: result.machines,
    cluster: result.cluster,
    settled: null,
    ipam: result.ipam,
    placements: result.placements,
    factEvidence: result.factEvidence,
    collectedAt: dateOf(result.collectedAt),
    files,
    lone: false,
  };
}

function dateOf(text: string | null): Date | null {
  const date = new Date(text ?? "");
  return Number.isNaN(date.getTime()) ? null : date;
}

/** Where a snapshot keeps the objects of its cluster. */
const CLUSTER = "cluster/";

/** A finding about a folder of manifests, with the name of the file as it is there. */
function asGiven(finding: Finding): Finding {
  const { file } = finding;
  return file?.startsWith(CLUSTER) ? { ...finding, file: file.slice(CLUSTER.length) } : finding;
}

/** Why there is no network, and the errors that may be the reason. */
function whyNone(findings: readonly Finding[]): readonly Finding[] {
  const isWhy = ({ code }: Finding): boolean => code === "manifests-alone" || code === "empty-snapshot";
  const errors = findings.filter((finding) => finding.severity === "error");
  const badFacts = errors.filter(({ code }) => code === "bad-fact");
  // what was typed is what should have told of a machine
  if (badFacts.length > 0) return badFacts;
  return [...errors.filter(isWhy), ...errors.filter((finding) => !isWhy(finding))];
}

const TOP = /^(?:[^/]+\/)?(?:nodes|hosts|cluster)\/|^(?:[^/]+\/)?snapshot\.ya?ml$/;

function isManifests(files: ReadonlyMap<string, unknown>): boolean {
  const names = [...files.keys()].filter((name) => !/^facts\.ya?ml$/.test(name));
  return (
    names.length > 0 &&
    names.every((name) => /\.(?:ya?ml|json)$/.test(name) && !FILE_ROLES.has(stemOf(basename(name)))) &&
    !names.some((name) => TOP.test(name))
  );
}

const ORDER = { error: 0, warning: 1, info: 2 } as const;

export function worstFirst(findings: readonly Finding[]): readonly Finding[] {
  return [...findings].sort((x, y) => ORDER[x.severity] - ORDER[y.severity]);
}

function checkInput(loaded: LoadedNetwork, options: CommonOptions): LoadedNetwork {
  if (options.strictInput === true && loaded.findings.length > 0) throw new InputError(worstFirst(loaded.findings));
  return loaded;
}
