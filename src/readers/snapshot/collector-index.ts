import { isRecord, ownValue } from "../../kubernetes/field.ts";
import type { Finding } from "../../model/finding.ts";
import type { HostPart, Knowledge } from "../../model/host.ts";
import type { FileRole } from "./files.ts";
import type { PlacedFile } from "./layout.ts";

/** What collectors say about the files they wrote, and about those they could not. */
export interface CollectorIndex {
  /** Files that do not hold all that their command would have printed, by path inside the snapshot: why. */
  readonly incomplete: ReadonlyMap<string, string>;
  /** Files that are missing though the machine has something to tell in them, by path. */
  readonly wanting: ReadonlySet<string>;
  /** The earliest time of collection, as written. */
  readonly collectedAt: string | null;
  readonly findings: readonly Finding[];
}

/** How many files are named in one finding. */
const NAMED = 6;

/** Reads every `index.json`; snapshots of several collections joined into one folder have several. */
export function readCollectorIndexes(files: readonly PlacedFile[]): CollectorIndex {
  const incomplete = new Map<string, string>();
  const wanting = new Set<string>();
  const findings: Finding[] = [];
  const told = new Set<string>();
  let collectedAt: string | null = null;
  for (const { path, text } of files) {
    const index = parsed(text);
    if (index === null) {
      findings.push({
        code: "damaged-index",
        severity: "warning",
        message:
          "The index of a collector cannot be read as JSON; what was cut or could not be collected is not known.",
        file: path,
        expected: "the index.json that `podpath collect` writes",
      });
      continue;
    }
    const time = ownValue(index, "collectedAt");
    if (typeof time === "string" && time !== "" && (collectedAt === null || time < collectedAt)) collectedAt = time;
    for (const entry of entriesOf(index, "files")) {
      const file = ownValue(entry, "file");
      const why = shortfall(entry);
      if (typeof file === "string" && why !== null) incomplete.set(file, why);
    }
    const missing = entriesOf(index, "missing");
    for (const entry of missing) {
      const file = ownValue(entry, "file");
      if (typeof file === "string" && ownValue(entry, "exists") === true) wanting.add(file);
    }
    // the same index stands at the top and beside the files of its machine
    const machine = ownValue(index, "machine");
    const key = `${typeof machine === "string" ? machine : path} ${String(time)}`;
    if (missing.length > 0 && !told.has(key)) findings.push(notCollected(path, missing));
    told.add(key);
  }
  return { incomplete, wanting, collectedAt, findings };
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function entriesOf(index: unknown, key: "files" | "missing"): readonly unknown[] {
  const entries = ownValue(index, key);
  return Array.isArray(entries) ? entries : [];
}

function shortfall(entry: unknown): string | null {
  if (ownValue(entry, "truncated") === true) return `it was cut after ${String(ownValue(entry, "bytes"))} bytes`;
  const status = ownValue(entry, "exitStatus");
  return typeof status === "number" && status !== 0 ? `its command ended with status ${status}` : null;
}

function notCollected(path: string, missing: readonly unknown[]): Finding {
  const names = missing.slice(0, NAMED).map((entry) => {
    const reason = ownValue(entry, "reason");
    return `${String(ownValue(entry, "file"))}${typeof reason === "string" ? ` (${reason})` : ""}`;
  });
  const more = missing.length > NAMED ? `, and ${missing.length - NAMED} more` : "";
  return {
    code: "not-collected",
    severity: "info",
    message: `The collector could not get ${missing.length} file${missing.length === 1 ? "" : "s"}: ${names.join(", ")}${more}.`,
    file: path,
    advice: "Run the collector as root on the node, with the tools it names, or live with what is assumed instead.",
  };
}

/** What is known of a part of which a dump holds only the beginning. */
export function knowledgeOfCut(role: FileRole): readonly [HostPart, Knowledge] | null {
  const is4 = role.family !== 6;
  switch (role.part) {
    case "rules":
      return [is4 ? "rules" : "rules6", "unknown"];
    case "routes":
      return [is4 ? "routes" : "routes6", "unknown"];
    case "policy-rules":
      return ["policyRules", "unknown"];
    case "sets":
      return ["sets", "unknown"];
    case "addresses":
    case "links":
      return ["interfaces", "unknown"];
    case "sockets":
      return ["sockets", "unknown"];
    case "nft":
      return ["nft", "assumed"];
    case "neighbours":
      return ["neighbours", "assumed"];
    case "conntrack":
      return ["conntrack", "assumed"];
    case "recent-lists":
      return ["recentLists", "assumed"];
    case "sysctls":
      return ["sysctls", "assumed"];
    default:
      return null;
  }
}
