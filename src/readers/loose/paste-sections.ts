import { type CommandPlace, readCommand } from "./command-line.ts";

/** A part of a paste: what one command printed. */
export interface PasteSection {
  /** Number of its first line in the whole, from 1. */
  readonly line: number;
  readonly text: string;
  /** The command line as it was typed, or the heading. */
  readonly heading: string | null;
  readonly stem: string | null;
  readonly isObjects: boolean;
  /** The host of the prompt, or where the command says that it runs. */
  readonly where: CommandPlace | null;
  /** The name a heading gives: a host, a file, or both. */
  readonly label: string | null;
}

/** A paste with more commands than this was not made by a person; what is after them counts as the last one's output. */
const MOST = 200;

/** `root@worker-1:~# ip route`, `[root@worker-1 ~]# ip route`: host and command. */
const AT = /^\[?[\w.-]{1,64}@([\w.-]{1,64})[^\s#$%>]{0,128}(?: [^\s#$%>]{1,128})? ?[#$%>] ?(.*)$/;
/** `worker-1:~# ip route`, and Cisco's and others' `worker-1# ip route` when a known command follows. */
const COLON = /^([A-Za-z][\w.-]{0,63}):[~/][^\s#$]{0,128}[#$] ?(.*)$/;
/** `$ ip route`, `# ip route`, `/ # ip route`, `bash-5.1# ip route`, `+ ip route` of `set -x`. */
const BARE = /^(?:(?:~|\/)[\w./-]{0,128} )?(?:(?:ba|da|a|z)?sh-[\d.]{1,8})?[#$%❯+] (.+)$/;
/** `==> worker-1/ip-route.txt <==` of head and tail. */
const FILE_HEADING = /^==> (.{1,200}) <==$/;
/** `===== worker-1: ip route =====`, `--- worker-1 ---`. */
const HEADING =
  /^(?!-+(?:BEGIN|END) )(={2,}|#{3,}|\*{3,}|-{3,})\s*([^\s=#*-].{0,100}?)\s*(?:={2,}|#{2,}|\*{2,}|-{2,})?$/;

interface Mark {
  readonly heading: string;
  readonly host: string | null;
  readonly command: string | null;
  readonly label: string | null;
}

function markOf(line: string): Mark | null {
  const at = AT.exec(line);
  if (at !== null) return { heading: line, host: at[1] ?? null, command: at[2] ?? "", label: null };
  const colon = COLON.exec(line);
  if (colon !== null) return { heading: line, host: colon[1] ?? null, command: colon[2] ?? "", label: null };
  const bare = BARE.exec(line);
  if (bare !== null) {
    const command = bare[1] ?? "";
    const { stem, isObjects } = readCommand(command);
    return stem === null && !isObjects ? null : { heading: line, host: null, command, label: null };
  }
  const file = FILE_HEADING.exec(line);
  if (file !== null) return { heading: line, host: null, command: null, label: file[1] ?? null };
  const heading = HEADING.exec(line);
  return heading === null ? null : { heading: line, host: null, command: null, label: heading[2] ?? null };
}

/** Begins like one of the marks: most lines of a dump do not, and need no closer look. */
const MAY_BE = /^(?:[[\w.-]{1,66}[@:]|[#$%❯+=*~/-]|(?:ba|da|a|z)?sh-)/;
/** How the lines of a ruleset and of a YAML list begin. */
const IS_NOT = /^(?:-[A-Za-z] |- |# (?:Generated|Completed|Warning)|\[\d)/;

/** The parts of a paste, split at prompts and headings; one for a text that has none. */
export function pasteSections(text: string): readonly PasteSection[] {
  const sections: PasteSection[] = [];
  let mark: Mark | null = null;
  let start = 0;
  let line = 1;
  let startLine = 1;
  const close = (end: number): void => {
    const content = text.slice(start, end);
    if (mark === null && content.trim() === "") return;
    sections.push(section(mark, startLine, content));
  };
  for (let at = 0; at < text.length; line++) {
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline;
    if (end - at < 400 && end > at) {
      const own = text.slice(at, end).trimEnd();
      const next = MAY_BE.test(own) && !IS_NOT.test(own) ? markOf(own) : null;
      if (next !== null && sections.length < MOST) {
        close(at);
        mark = next;
        start = end + 1;
        startLine = line + 1;
      }
    }
    at = end + 1;
  }
  close(text.length);
  return sections.length === 1 && sections[0]?.heading === null ? [{ ...sections[0], text }] : sections;
}

function section(mark: Mark | null, line: number, content: string): PasteSection {
  const labelled = mark?.label ?? null;
  // a heading may be a command, a host, or `host: command`
  const [, before = null, after = labelled] = /^([\w.-]{1,64}): +(.+)$/.exec(labelled ?? "") ?? [];
  const command = readCommand(mark?.command ?? after ?? "");
  const host = mark?.host ?? null;
  return {
    line,
    text: content,
    heading: mark?.heading ?? null,
    stem: command.stem,
    isObjects: command.isObjects,
    where: command.where ?? (host === null ? null : { kind: "host", name: host }),
    label: before ?? (command.stem === null ? labelled : null),
  };
}
