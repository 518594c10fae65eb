/** A fenced block of a Markdown document. */
export interface Fence {
  readonly language: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
  readonly lines: readonly string[];
  /** From HTML comments right before the block: `<!-- exit: 1 -->` is exit → 1. */
  readonly notes: ReadonlyMap<string, string>;
}

/** A command of a `console` block and what the document shows that it prints. */
export interface ShownCommand {
  readonly command: string;
  readonly line: number;
  readonly shown: readonly string[];
  readonly exit: number;
}

/** Stands in shown output for lines that were left out. */
const GAP = "…";

const OPENING = /^```(\w*)$/;
const NOTE = /^<!-- (\w+): (.+) -->$/;

/** The fenced blocks of a document. Fences stand at the beginning of a line. */
export function fencesOf(markdown: string): readonly Fence[] {
  const lines = markdown.split("\n");
  const fences: Fence[] = [];
  let notes = new Map<string, string>();
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? "";
    const note = NOTE.exec(line);
    const opening = OPENING.exec(line);
    if (note !== null) notes.set(note[1] ?? "", note[2] ?? "");
    else if (opening !== null) {
      const end = lines.indexOf("```", i + 1);
      if (end < 0) throw new Error(`the block of line ${i + 1} has no end`);
      fences.push({ language: opening[1] ?? "", line: i + 1, lines: lines.slice(i + 1, end), notes });
      notes = new Map();
      i = end;
    } else if (line.trim() !== "") notes = new Map();
  }
  return fences;
}

/** Commands begin with `$ ` and go on after a backslash; `<!-- exit: 1 0 -->` gives their exit codes, else they are 0. */
export function commandsOf(fence: Fence): readonly ShownCommand[] {
  const codes = (fence.notes.get("exit") ?? "").split(" ").filter((word) => word !== "");
  const commands: { command: string; line: number; shown: string[]; exit: number }[] = [];
  let open = false;
  fence.lines.forEach((text, index) => {
    const last = commands.at(-1);
    if (open && last !== undefined) last.command += `\n${text}`;
    else if (text.startsWith("$ ")) {
      const exit = Number(codes[commands.length] ?? 0);
      commands.push({ command: text.slice(2), line: fence.line + 1 + index, shown: [], exit });
    } else if (last === undefined) throw new Error(`line ${fence.line + 1}: a console block begins with "$ "`);
    else last.shown.push(text);
    open = text.endsWith("\\") && (open || text.startsWith("$ "));
  });
  if (codes.length > commands.length) throw new Error(`line ${fence.line}: more exit codes than commands`);
  return commands;
}

/** The first part of what is shown that the output does not have, in that order; null when all of it is there. */
export function missingFrom(output: string, shown: readonly string[]): readonly string[] | null {
  const lines = output.split("\n").map((line) => line.trimEnd());
  let from = 0;
  for (const part of partsOf(shown)) {
    const start = lines.findIndex((_, index) => index >= from && part.every((line, i) => lines[index + i] === line));
    if (start < 0) return part;
    from = start + part.length;
  }
  return null;
}

function partsOf(shown: readonly string[]): readonly (readonly string[])[] {
  const parts: string[][] = [[]];
  for (const line of shown) {
    if (line.trim() === GAP) parts.push([]);
    else parts.at(-1)?.push(line.trimEnd());
  }
  return parts.map(trimmed).filter((part) => part.length > 0);
}

/** Without empty lines at both ends, which are there to be readable. */
function trimmed(lines: readonly string[]): readonly string[] {
  const first = lines.findIndex((line) => line !== "");
  const last = lines.findLastIndex((line) => line !== "");
  return first < 0 ? [] : lines.slice(first, last + 1);
}

/** Targets of links, outside of code. */
export function linksOf(markdown: string): readonly { readonly target: string; readonly line: number }[] {
  let inFence = false;
  return markdown.split("\n").flatMap((line, index) => {
    if (line.startsWith("```")) inFence = !inFence;
    if (inFence) return [];
    const prose = line.replace(/`[^`]*`/g, "code");
    return [...prose.matchAll(/\]\(([^()\s]+)\)/g)].map((match) => ({ target: match[1] ?? "", line: index + 1 }));
  });
}

/** Names that links can use for the headings of a document. */
export function anchorsOf(markdown: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  let inFence = false;
  for (const line of markdown.split("\n")) {
    if (line.startsWith("```")) inFence = !inFence;
    const heading = inFence ? null : /^#{1,6} (.+)$/.exec(line);
    const text = heading?.[1]?.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "");
    if (text !== undefined) anchors.add(text.trim().replaceAll(" ", "-"));
  }
  return anchors;
}
