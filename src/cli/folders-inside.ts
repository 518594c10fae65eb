import { type Dirent, readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Finding } from "../model/finding.ts";
import { FILE_ROLES, stemOf } from "../readers/snapshot/files.ts";

/** A folder that could have been given instead. */
export interface NetworkFolder {
  readonly path: string;
  readonly kind: "scenario" | "snapshot";
  /** 1 for a folder directly inside the one that was given. */
  readonly depth: number;
}

/** Folders this deep are looked at: a repository of scenarios, a folder of snapshots by date. */
const DEPTH = 3;
/** And so many of them. */
const LOOKED_AT = 500;
const NAMED = 4;

function entries(path: string): readonly Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** True for a folder that says by its own names that it is a snapshot. */
export function isSnapshot(path: string): boolean {
  return entries(path).some((entry) => /^(?:nodes|hosts|cluster|snapshot\.(?:ya?ml|json))$/.test(entry.name));
}

/** The scenarios and snapshots below a folder, nearest first; what is inside of those is theirs. */
export function networksInside(path: string): readonly NetworkFolder[] {
  const found: NetworkFolder[] = [];
  let level: readonly string[] = [path];
  let left = LOOKED_AT;
  for (let depth = 1; depth <= DEPTH; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      for (const entry of entries(folder)) {
        if (!entry.isDirectory() || entry.name.startsWith(".") || entry.name === "node_modules") continue;
        if (left-- <= 0) return found;
        const inside = join(folder, entry.name);
        const names = entries(inside).map((one) => one.name);
        if (names.includes("scenario.yaml")) found.push({ path: inside, kind: "scenario", depth });
        else if (names.some((name) => /^(?:nodes|snapshot\.ya?ml)$/.test(name))) {
          found.push({ path: inside, kind: "snapshot", depth });
        } else next.push(inside);
      }
    }
    level = next;
  }
  return found;
}

/** True for the folder that an archive of one snapshot was unpacked into. */
export function isWrapper(path: string, inside: readonly NetworkFolder[]): boolean {
  const [only] = inside;
  const others = entries(path).filter((entry) => !entry.name.startsWith("."));
  return inside.length === 1 && only?.kind === "snapshot" && only.depth === 1 && others.length === 1;
}

/** What to say of a folder that holds networks and is none. */
export function severalInside(path: string, inside: readonly NetworkFolder[]): Finding {
  const kinds = [...new Set(inside.map(({ kind }) => (inside.length === 1 ? `a ${kind}` : `${kind}s`)))];
  const names = inside.slice(0, NAMED).map((folder) => folder.path);
  const more = inside.length > NAMED ? ` (and ${inside.length - NAMED} more)` : "";
  return {
    code: "folder-of-networks",
    severity: "error",
    message: `${path} is a folder with ${kinds.join(" and ")} in it, and none itself`,
    expected: "one snapshot folder or one scenario",
    advice: `Did you mean ${names.join(" or ")}${more}?`,
  };
}

/** What to say of an archive, or a folder of archives, that holds several snapshots. */
export function severalInArchive(shown: string, roots: readonly string[]): Finding {
  const names = roots.slice(0, NAMED).map((root) => root.replace(/\/$/, "") || "the rest");
  const more = roots.length > NAMED ? ` (and ${roots.length - NAMED} more)` : "";
  return {
    code: "folder-of-networks",
    severity: "error",
    message: `${shown} holds several snapshots with the same machines: ${names.join(", ")}${more}`,
    expected: "one snapshot, or parts of one that have no machine in common",
    advice: "Give podpath one of them.",
  };
}

/** What to say of one machine's folder in a snapshot, or of the folder of machines; null when it is neither. */
export function machineFolder(path: string): Finding | null {
  const [first] = dumpsIn(path);
  const parent = dirname(resolve(path));
  const isMachines = MACHINES.test(basename(resolve(path)));
  const holdsMachines = isMachines && entries(path).some((entry) => dumpsIn(join(path, entry.name)).length > 0);
  if (first === undefined && !holdsMachines) return null;
  const snapshot = holdsMachines ? join(path, "..") : MACHINES.test(basename(parent)) ? join(path, "..", "..") : null;
  // dumps that somebody put together in a folder of any name are read as they are
  if (snapshot === null) return null;
  return {
    code: "machine-folder",
    severity: "error",
    message: `${path} holds ${holdsMachines ? "the folders of machines" : `the dumps of one machine (${first}, …)`}, not a snapshot`,
    expected: `a folder in which this one is ${holdsMachines ? "nodes/" : "nodes/<its name>/"}`,
    advice: `Did you mean ${snapshot}?`,
  };
}

const MACHINES = /^(?:nodes|hosts)$/;

/** Names of the files in a folder that a machine's dumps have. */
function dumpsIn(path: string): readonly string[] {
  return entries(path).flatMap((entry) => (entry.isFile() && FILE_ROLES.has(stemOf(entry.name)) ? [entry.name] : []));
}
