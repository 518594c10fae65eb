import { type DumpKind, recogniseDump } from "../recognise.ts";
import type { LooseFile, MachineFolder, PlacedFile } from "../snapshot/layout.ts";
import { isNodeDiagsLog } from "../snapshot/pod-log.ts";
import { type CommandPlace, readCommand } from "./command-line.ts";
import { dumpStem } from "./dump-stem.ts";
import { nameWithoutKind } from "./file-name-parts.ts";
import { ownAddresses } from "./known-hosts.ts";
import { type PasteSection, pasteSections } from "./paste-sections.ts";

/** A dump that was recognised by what is in it, with all that tells whose it is. */
export interface LooseDump {
  readonly file: PlacedFile;
  readonly stem: string;
  readonly line: number;
  readonly machine: MachineFolder | null;
  readonly where: CommandPlace | null;
  /** What the name of the host may stand in: a heading, the path. */
  readonly heading: string | null;
  readonly folder: string;
  readonly name: string;
  /** The file's name without what tells the kind. */
  readonly rest: string;
  /** Of `uname -a`. */
  readonly hostname: string | null;
  readonly addresses: ReadonlySet<string>;
  /** One of several logs that a machine may have, kept beside its dumps. */
  readonly isLog: boolean;
}

export interface SortedLoose {
  readonly dumps: readonly LooseDump[];
  /** Kubernetes and Calico objects. */
  readonly objects: readonly PlacedFile[];
  /** What nobody recognised. */
  readonly unknown: readonly LooseFile[];
  /** What `hostname` printed, by folder. */
  readonly hostnames: ReadonlyMap<string, string>;
}

/** What the files of `calicoctl node diags` hold. They have no extension, and stand in a folder `diagnostics`. */
const NODE_DIAGS: ReadonlyMap<string, string> = new Map([
  ["ipv4_route", "ip-route"],
  ["ipv6_route", "ip-route-v6"],
  ["ipv4_addr", "ip-addr-v4"],
  ["ipv6_addr", "ip-addr-v6"],
  ["ipv4_tables", "iptables-save"],
  ["ipv6_tables", "ip6tables-save"],
  ["nft_ruleset", "nft-ruleset"],
  ["ipsets", "ipset-list"],
  ["ipset_container", "ipset-list"],
  ["netstat", "netstat"],
  ["ss", "sockets"],
  ["journalctl_calico_node", "calico-node"],
]);

/** Sorts loose files by what is in them, in order of their paths. A paste of several commands is taken apart. */
export function sortLoose(files: readonly LooseFile[]): SortedLoose {
  const dumps: LooseDump[] = [];
  const objects: PlacedFile[] = [];
  const unknown: LooseFile[] = [];
  const hostnames = new Map<string, string>();
  for (const loose of files) {
    const { path } = loose.file;
    const { folder, name } = splitPath(path);
    if (isNodeDiagsLog(path)) {
      dumps.push(logOf(loose, besideLogs(folder), name));
      continue;
    }
    const { text } = loose.file;
    if (/^hostname(?:\.txt)?$/.test(name) && /^\s*[\w.-]{1,253}\s*$/.test(text)) {
      hostnames.set(folder, text.trim());
      continue;
    }
    const whole = recogniseDump(text);
    if (whole === "resources" || whole === "describe" || whole === "ipam-show" || whole === "ipam-check") {
      objects.push(loose.file);
      continue;
    }
    let found = 0;
    const sections = pasteSections(text);
    for (const section of sections.length === 0 ? [{ ...NOTHING, text }] : sections) {
      const { stem, isObjects, kind } = kindOf(section, name);
      if (isObjects) {
        objects.push({ path, text: padded(section) });
        found++;
      }
      if (stem === "hostname")
        hostnames.set(`${path}:${section.where?.kind === "host" ? section.where.name : ""}`, section.text.trim());
      if (stem === null || stem === "hostname") continue;
      found++;
      dumps.push(dumpOf(loose, section, stem, kind, folder, name));
    }
    if (found === 0) unknown.push(loose);
  }
  return { dumps, objects, unknown, hostnames };
}

/** The folder in which the folder `logs` of `calicoctl node diags` lies. */
function besideLogs(folder: string): string {
  return folder.slice(0, folder.indexOf("diagnostics/logs") + "diagnostics".length);
}

/** Of an empty file the name may still say that a tool found nothing. */
const NOTHING: PasteSection = {
  line: 1,
  text: "",
  heading: null,
  stem: null,
  isObjects: false,
  where: null,
  label: null,
};

function kindOf(
  section: PasteSection,
  name: string,
): { readonly stem: string | null; readonly isObjects: boolean; readonly kind: DumpKind | null } {
  const kind = recogniseDump(section.text);
  if (kind !== null && isOfCluster(kind)) return { stem: null, isObjects: true, kind };
  const labelled = section.label === null ? null : readCommand(section.label).stem;
  const told = section.stem ?? labelled ?? NODE_DIAGS.get(name) ?? null;
  // nothing but an empty answer or an error message: only the command says what it is
  if (kind === null)
    return { stem: section.heading === null ? (NODE_DIAGS.get(name) ?? null) : told, isObjects: false, kind };
  const hints = { stem: told, name: section.label ?? (section.heading === null ? name : section.heading) };
  return { stem: dumpStem(kind, section.text, hints), isObjects: false, kind };
}

/** Kinds that are about the cluster, not about one of its machines. */
function isOfCluster(kind: DumpKind): boolean {
  return ["resources", "table", "describe", "ipam-show", "ipam-check"].includes(kind);
}

function dumpOf(
  loose: LooseFile,
  section: PasteSection,
  stem: string,
  kind: DumpKind | null,
  folder: string,
  name: string,
): LooseDump {
  return {
    file: { path: loose.file.path, text: padded(section), stem },
    stem,
    line: section.line,
    machine: loose.machine,
    where: section.where,
    heading: section.label,
    folder,
    name,
    rest: nameWithoutKind(name),
    hostname: kind === "versions" ? (/^Linux ([\w.-]+) \d/m.exec(section.text)?.[1] ?? null) : null,
    addresses: ownAddresses(stem, section.text),
    isLog: false,
  };
}

/** A log is read as it stands, and not before somebody asks what it says. */
function logOf({ file, machine }: LooseFile, folder: string, name: string): LooseDump {
  return {
    file,
    stem: "log",
    line: 1,
    machine,
    where: null,
    heading: null,
    folder,
    name,
    rest: "",
    hostname: null,
    addresses: new Set(),
    isLog: true,
  };
}

/** The lines stand where they stand in the whole file. */
function padded(section: PasteSection): string {
  return section.line === 1 ? section.text : `${"\n".repeat(section.line - 1)}${section.text}`;
}

export function splitPath(path: string): { readonly folder: string; readonly name: string } {
  const slash = path.lastIndexOf("/");
  return { folder: slash < 0 ? "" : path.slice(0, slash), name: path.slice(slash + 1) };
}
