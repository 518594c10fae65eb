import type { Cluster } from "../../calico/cluster.ts";
import type { Finding } from "../../model/finding.ts";
import { stemOf } from "../snapshot/files.ts";
import type { MachineFiles, MachineFolder, PlacedFile } from "../snapshot/layout.ts";
import { type KnownHosts, knownHosts } from "./known-hosts.ts";
import type { LooseDump, SortedLoose } from "./loose-dump.ts";
import { type Owner, ofAddress, ownerOf } from "./owner-of-dump.ts";

/** A file that was placed by what is in it: shown, so that a person can object. */
export interface Placement {
  readonly path: string;
  /** Where the dump begins in a file of several. */
  readonly line: number;
  readonly host: string;
  /** The name that a snapshot would give it, without extension. */
  readonly as: string;
  readonly because: string;
}

export interface PlacedLoose {
  readonly machines: readonly MachineFiles[];
  readonly placements: readonly Placement[];
  readonly findings: readonly Finding[];
}

/** Gives each loose dump to its machine. `told`: what the person said of a path. The order of the files does not matter. */
export function placeLoose(
  sorted: SortedLoose,
  machines: readonly MachineFiles[],
  cluster: Cluster,
  told: (path: string) => string | null,
): PlacedLoose {
  const findings: Finding[] = [];
  const prompts = sorted.dumps.flatMap(({ where }) => (where?.kind === "host" ? [where.name] : []));
  const known = knownHosts(cluster, [
    ...machines.map((machine) => machine.name),
    ...sorted.hostnames.values(),
    ...prompts,
  ]);
  const owners = new Map<LooseDump, Owner>();
  for (const dump of sorted.dumps) {
    const owner = ownerOf(dump, { known, hostnames: sorted.hostnames, told });
    if (owner !== null) owners.set(dump, owner);
  }
  byGroup(sorted.dumps, owners);
  const hasNodes = cluster.nodes.size + cluster.calicoNodes.size > 0;
  byNameAlone(openOf(sorted.dumps, owners), owners, hasNodes);
  byAddressesOfOthers(sorted.dumps, owners);
  asOneMachine(openOf(sorted.dumps, owners), owners, known, machines, findings);
  besideOthers(sorted.dumps, owners);
  for (const dump of sorted.dumps) if (!owners.has(dump)) findings.push(whose(dump, known, machines));

  const placed = new Map<string, PlacedMachine>();
  for (const { files, logs = [], ...machine } of machines)
    placed.set(machine.name, { machine, files: new Map(files), logs: [...logs] });
  for (const { file, machine } of sorted.unknown) {
    if (machine === null) continue;
    const own = placed.get(machine.name) ?? emptyMachine(machine);
    placed.set(machine.name, own);
    own.files.set(file.path, file);
  }
  const placements: Placement[] = [];
  for (const [dump, owner] of [...owners].sort(([x], [y]) => comparePlaces(x, y))) {
    const machine = dump.machine ?? machineNamed(owner.host, hasNodes, known, dump);
    const own = placed.get(machine.name) ?? emptyMachine(machine);
    placed.set(machine.name, own);
    if (dump.isLog) {
      own.logs.push(dump.file);
      continue;
    }
    const named = [...own.files].find(([name, file]) => file.stem === undefined && stemOf(name) === dump.stem);
    if (named !== undefined) {
      findings.push({
        code: "same-dump-twice",
        severity: "info",
        message: `${named[1].path} has the name for it; that one is read.`,
        file: dump.file.path,
      });
      continue;
    }
    own.files.set(`${dump.file.path}:${dump.line}`, dump.file);
    placements.push({
      path: dump.file.path,
      line: dump.line,
      host: machine.name,
      as: dump.stem,
      because: owner.because,
    });
  }
  return {
    machines: [...placed.values()]
      .filter(({ files, logs }) => files.size + logs.length > 0)
      .map(({ machine, files, logs }) => ({ ...machine, files, logs })),
    placements,
    findings,
  };
}

interface PlacedMachine {
  readonly machine: MachineFolder;
  readonly files: Map<string, PlacedFile>;
  readonly logs: PlacedFile[];
}

function emptyMachine(machine: MachineFolder): PlacedMachine {
  return { machine, files: new Map(), logs: [] };
}

/** Logs are of the machine of the dumps that lie with them. */
function besideOthers(dumps: readonly LooseDump[], owners: Map<LooseDump, Owner>): void {
  for (const log of dumps) {
    if (!log.isLog || owners.has(log)) continue;
    const beside = new Set(
      dumps.flatMap((dump) => (dump.folder === log.folder && !dump.isLog ? (owners.get(dump)?.host ?? []) : [])),
    );
    const [host] = beside;
    if (host !== undefined && beside.size === 1) owners.set(log, { host, because: "it lies beside its dumps" });
  }
}

function comparePlaces(x: LooseDump, y: LooseDump): number {
  return x.file.path === y.file.path ? x.line - y.line : x.file.path < y.file.path ? -1 : 1;
}

function openOf(dumps: readonly LooseDump[], owners: ReadonlyMap<LooseDump, Owner>): readonly LooseDump[] {
  return dumps.filter((dump) => !owners.has(dump) && !dump.isLog && dump.where?.kind !== "namespace");
}

/** Files whose names differ only in the kind of dump are one machine's. */
function groupKey(dump: LooseDump): string {
  return `${dump.folder}\n${dump.rest}`;
}

function byGroup(dumps: readonly LooseDump[], owners: Map<LooseDump, Owner>): void {
  const ofGroup = new Map<string, Owner | null>();
  for (const dump of dumps) {
    const owner = owners.get(dump);
    if (owner === undefined || dump.where !== null) continue;
    const earlier = ofGroup.get(groupKey(dump));
    ofGroup.set(groupKey(dump), earlier === undefined || earlier?.host === owner.host ? owner : null);
  }
  for (const dump of openOf(dumps, owners)) {
    const owner = ofGroup.get(groupKey(dump));
    if (owner && (dump.rest !== "" || dump.folder !== "")) {
      owners.set(dump, { host: owner.host, because: `it is named like another file of it` });
    }
  }
}

/** A name nobody knows is a machine's when nothing better is at hand, and several files or machines speak for it. */
function byNameAlone(open: readonly LooseDump[], owners: Map<LooseDump, Owner>, hasNodes: boolean): void {
  const stems = open.map((dump) => dump.stem);
  // of one machine nothing is there twice: then the names need not be machines'
  if (new Set(stems).size === stems.length) return;
  for (const dump of open) {
    const folder = dump.folder.split("/").at(-1) ?? "";
    if (IS_NAME.test(folder) && !holdsMachines(dump.folder, open)) {
      owners.set(dump, { host: folder, because: "its folder's name is taken for the machine's" });
    } else if (!hasNodes && IS_NAME.test(dump.rest)) {
      owners.set(dump, { host: dump.rest, because: "its name is taken for the machine's" });
    }
  }
}

/** True for a folder in which several names have several dumps each: those of several machines. */
function holdsMachines(folder: string, open: readonly LooseDump[]): boolean {
  const counts = new Map<string, number>();
  for (const dump of open) {
    if (dump.folder === folder && dump.rest !== "") counts.set(dump.rest, (counts.get(dump.rest) ?? 0) + 1);
  }
  return [...counts.values()].filter((count) => count > 1).length > 1;
}

const IS_NAME = /^[A-Za-z0-9][\w.-]{0,252}$/;

function byAddressesOfOthers(dumps: readonly LooseDump[], owners: Map<LooseDump, Owner>): void {
  const byAddress = new Map<string, string | null>();
  for (const [dump, { host }] of owners) {
    if (!dump.stem.startsWith("ip-addr") && dump.stem !== "ifconfig") continue;
    for (const address of dump.addresses) {
      const earlier = byAddress.get(address);
      byAddress.set(address, earlier === undefined || earlier === host ? host : null);
    }
  }
  for (const dump of openOf(dumps, owners)) {
    const owner = ofAddress(dump, byAddress);
    if (owner !== null) owners.set(dump, owner);
  }
}

/** Dumps of which nothing tells the machine, and no two are of one kind, are taken for those of one machine; it is said. */
function asOneMachine(
  open: readonly LooseDump[],
  owners: Map<LooseDump, Owner>,
  known: KnownHosts,
  machines: readonly MachineFiles[],
  findings: Finding[],
): void {
  const [first] = open;
  if (first === undefined || new Set(open.map((dump) => dump.stem)).size < open.length) return;
  const nodes = [...known.cluster.nodes.keys()];
  const taken = new Set([...machines.map((machine) => machine.name), ...[...owners.values()].map(({ host }) => host)]);
  const free = nodes.filter((node) => !taken.has(node));
  const [only] = free;
  const folders = new Set(open.map((dump) => dump.folder.split("/").at(-1) ?? ""));
  const [folder = ""] = folders.size === 1 ? folders : [];
  const rests = new Set(open.map((dump) => dump.rest));
  const [rest = ""] = rests.size === 1 ? rests : [];
  let name: string;
  const [single] = taken;
  if (nodes.length > 0) {
    if (free.length !== 1 || only === undefined) return;
    name = only;
  } else if (single === undefined) name = [rest, folder].find((one) => IS_NAME.test(one)) ?? "node";
  else if (taken.size === 1 && machines.length === 0 && !isRepeated(open, owners)) name = single;
  else return;
  for (const dump of open) owners.set(dump, { host: name, because: "nothing else is known of it" });
  findings.push({
    code: "one-machine-assumed",
    severity: "info",
    message: `Nothing says which machine ${open.length === 1 ? "this is" : `these ${open.length} dumps are`} from; they are read as those of one machine, ${name}.`,
    file: first.file.path,
    advice: `If that is not so: --host '<file>=<machine>'.`,
  });
}

/** True when one of the dumps is there already, of a machine that is known. */
function isRepeated(open: readonly LooseDump[], owners: ReadonlyMap<LooseDump, Owner>): boolean {
  const stems = new Set([...owners.keys()].map((dump) => dump.stem));
  return open.some((dump) => stems.has(dump.stem));
}

function whose(dump: LooseDump, known: KnownHosts, machines: readonly MachineFiles[]): Finding {
  const names = [
    ...new Set([...known.names.map(([, host]) => host), ...machines.map((machine) => machine.name)]),
  ].sort();
  const likely = names.filter((name) => !name.startsWith("pod/")).slice(0, 5);
  const place = dump.line > 1 ? { line: dump.line } : {};
  const inside =
    dump.where?.kind === "namespace"
      ? ` It was printed in a network namespace (${dump.where.text}), which may be a pod's.`
      : "";
  return {
    code: "host-unknown",
    severity: "warning",
    message: `This would be ${dump.stem} of a machine, and nothing says which one.${inside} It was left out.`,
    file: dump.file.path,
    ...place,
    expected: `the name of the machine${likely.length === 0 ? "" : `, such as ${likely.join(", ")}`}`,
    advice: `Say it: --host '${dump.file.path}=${likely[0] ?? "node1"}'.`,
  };
}

function machineNamed(host: string, hasNodes: boolean, known: KnownHosts, dump: LooseDump): MachineFolder {
  const folder = dump.folder === "" ? dump.file.path : dump.folder;
  const pod = /^pod\/([^/]+)\/(.+)$/.exec(host);
  if (pod !== null) {
    const node = known.cluster.pods.get(`${pod[1]}/${pod[2]}`)?.nodeName ?? null;
    return { name: host, kind: "pod", node, folder };
  }
  if (host.startsWith("host/")) return { name: host, kind: "host", node: null, folder };
  const isNode = !hasNodes || known.cluster.nodes.has(host) || known.cluster.calicoNodes.has(host);
  return isNode
    ? { name: host, kind: "node", node: null, folder }
    : { name: `host/${host}`, kind: "host", node: null, folder };
}
