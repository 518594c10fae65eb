import type { Finding } from "../../model/finding.ts";
import { dumpLines } from "../dump-text.ts";
import { likelyKind, looksLike, PRINTED_BY, recogniseDump } from "../recognise.ts";
import { FILE_ROLES, type FileRole, stemOf } from "./files.ts";
import type { MachineFiles, PlacedFile } from "./layout.ts";

/** A file of a machine's folder that is read, and as what. */
export interface ChosenFile {
  readonly role: FileRole;
  readonly stem: string;
  readonly file: PlacedFile;
}

/**
 * One file per stem: those that are missing, damaged or of another kind are told and left out. `state` decides about packets;
 * `evidence` is read by the commands that show it. With a `part`, only its files are looked at.
 */
export function chooseFiles(
  machine: MachineFiles,
  use: "state" | "evidence",
  part: FileRole["part"] | null = null,
): { readonly chosen: readonly ChosenFile[]; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const byStem = new Map<string, PlacedFile[]>();
  for (const [name, file] of machine.files) {
    const stem = stemOf(name);
    if (!FILE_ROLES.has(stem)) {
      if (use === "evidence" || part !== null) continue;
      const kind = /\.log$/.test(name) ? null : recogniseDump(file.text);
      findings.push({
        code: "unknown-file",
        severity: "info",
        message: `No file of this name is read${kind === null ? "" : `; it looks like the output of ${PRINTED_BY[kind]}`}.`,
        file: file.path,
        ...(kind === null ? {} : { advice: `Rename it to what a snapshot calls it (${nameFor(kind)}).` }),
      });
      continue;
    }
    const itsPart = FILE_ROLES.get(stem)?.part;
    if ((itsPart === "evidence") !== (use === "evidence") || (part !== null && itsPart !== part)) continue;
    const problem = file.problem ?? null;
    if (problem !== null) findings.push(problem);
    else byStem.set(stem, [...(byStem.get(stem) ?? []), file]);
  }
  const chosen: ChosenFile[] = [];
  for (const [stem, files] of byStem) {
    const role = FILE_ROLES.get(stem);
    if (role === undefined) continue;
    const usable = files.filter((file) => isUsable(file, role, findings));
    // JSON says more than text; of several forms of one dump, one counts
    const file = usable.find((one) => /^\s*[[{]/.test(one.text)) ?? usable[0];
    if (file === undefined) continue;
    chosen.push({ role, stem, file });
    for (const other of usable) {
      if (other === file) continue;
      findings.push({
        code: "same-dump-twice",
        severity: "info",
        message: `${file.path} holds the same; that one is read.`,
        file: other.path,
      });
    }
  }
  return { chosen: chosen.filter((one) => !isReplaced(one, chosen, findings)), findings };
}

/** True for what leaves things out where another file tells them. */
function isReplaced({ role, file }: ChosenFile, chosen: readonly ChosenFile[], findings: Finding[]): boolean {
  if (!role.lossy) return false;
  const better = chosen.find(
    (one) => !one.role.lossy && one.role.part === role.part && one.role.family === role.family,
  );
  if (better === undefined) return false;
  findings.push({
    code: "same-dump-twice",
    severity: "info",
    message: `${better.file.path} tells the same and more; that one is read.`,
    file: file.path,
  });
  return true;
}

function nameFor(kind: string): string {
  for (const [stem, role] of FILE_ROLES) if (role.kinds.some((one) => one === kind)) return stem;
  return kind;
}

function isUsable(file: PlacedFile, role: FileRole, findings: Finding[]): boolean {
  if (file.text.trim() === "") {
    if (role.neverEmpty) {
      findings.push({
        code: "empty-file",
        severity: "error",
        message: "The file is empty, and its tool always prints something.",
        file: file.path,
        expected: `the output of ${role.command}`,
        advice: "Collect it again; until then its content counts as missing.",
      });
      return false;
    }
    return true;
  }
  if (role.kinds.length === 0) return true;
  if (looksLike(file.text, role.kinds)) return true;
  // the file's name speaks for it too, however damaged it is
  const kind = likelyKind(file.text);
  if (kind !== null && role.kinds.includes(kind)) return true;
  if (kind === null) return saysNothing(file, role, findings);
  findings.push({
    code: "wrong-file",
    severity: "error",
    message: `The content looks like the output of ${PRINTED_BY[kind]}.`,
    file: file.path,
    expected: `the output of ${role.command}`,
    advice: "The file was left out.",
  });
  return false;
}

/** A file in which nothing was recognised: an empty answer is a fact, an error message or something else is not. */
function saysNothing(file: PlacedFile, role: FileRole, findings: Finding[]): boolean {
  const dump = dumpLines(file.text, file.path);
  const isEmptyAnswer = dump.lines.every((line) => /^[[\]{},\s]*$|^#|^conntrack v.* flow entries/.test(line.text));
  if (isEmptyAnswer && dump.findings.length === 0 && !role.neverEmpty) return true;
  findings.push(...dump.findings, {
    code: "unrecognised-file",
    severity: "error",
    message: "Nothing in the file was understood; its content counts as missing.",
    file: file.path,
    expected: `the output of ${role.command}`,
    advice: "Collect it again.",
  });
  return false;
}
