import type { FindingCode } from "../model/codes/finding-codes.ts";
import type { Finding } from "../model/finding.ts";
import { dumpFindings } from "./dump-findings.ts";

/** One line of a dump, cleaned. `number` counts from 1 in the text as it was given. */
export interface DumpLine {
  readonly number: number;
  /** Without line end and trailing blanks; leading blanks stay, tabs are single blanks. */
  readonly text: string;
}

/** The lines of a dump that a tool printed, and what was odd about the paste. */
export interface DumpLines {
  readonly lines: readonly DumpLine[];
  /** Numbers of the lines at which something is missing: omissions, error messages, lines without their end. */
  readonly cuts: readonly number[];
  readonly findings: readonly Finding[];
}

/** `root@n1:~# ip route`, `[root@n1 ~]$ …`, `n1:~# …`, `/ # …`, `bash-5.1# …`, `$ …`, `# ip route` (known commands only). */
const PROMPTS: readonly RegExp[] = [
  /^\[?[\w.-]{1,64}@[\w.-]{1,64}[^\s#$%>]{0,128}(?: [^\s#$%>]{1,128})? ?[#$%>](?:\s|$)/,
  /^[\w.-]{1,64}:[~/][^\s#$]{0,128}[#$](?:\s|$)/,
  /^(?:~|\/)[\w./-]{0,128} [#$](?:\s|$)/,
  /^(?:ba|da|a|z)?sh-[\d.]{1,8}[#$](?:\s|$)/,
  /^[$%❯](?:\s|$)/,
  /^[#+] (?:sudo )?(?:ip6?tables(?:-\w+)*-save|ip|ipset|bridge|sysctl|conntrack|ss|nft|cat|kubectl|calicoctl|nsenter|docker|crictl)(?:\s|$)/,
];

const CODE_FENCE = /^\s*(?:```|~~~)\s*[\w+-]*$/;

/** A line that stands for others which were left out. */
const CUT_OUT =
  /^\s*[[(<{]?(?:…|\.{3,}|(?:…|\.{3})?\s{0,8}(?:\d{1,9} )?(?:more )?(?:lines? |output )?(?:truncated|snip(?:ped)?|omitted|cut))\s{0,8}(?:…|\.{3})?[\])>}]?$/i;

/** How most lines of the long dumps begin: rules, sysctls, set members. They are no prompt and no error message. */
const USUAL = /^(?:-A [\w-]+ |\[\d+:\d+\] -A |net\.[\w./-]+ = |add [\w:.-]+ )/;

/** A line whose end was left out. */
const CUT_END = /(?:…|\[truncated\])$/i;

/** Error texts that take the place of a tool's output (shells, kubectl, container runtimes, the tools themselves). */
const TOOL_ERROR = new RegExp(
  [
    "^-?(?:/[\\w./-]*/)?(?:ba|da|a|z|k)?sh: .*(?:not found|[Nn]o such file or directory|[Pp]ermission denied)$",
    "^Command '[^']*' not found",
    "^(?:error|Error): \\S",
    "^Error from server(?: \\(\\w+\\))?: ",
    "^OCI runtime exec failed: ",
    "^command terminated with (?:non-zero )?exit code",
    "^Unable to connect to the server: ",
    "^The connection to the server .* was refused",
    "^exec(?: failed)?: ",
    "^rpc error: ",
    "^RTNETLINK answers: ",
    "^Operation (?:failed: |not permitted$|not supported$)",
    "^Cannot (?:open|send|talk|find|bind)\\b.*(?:netlink|namespace|device|rtnetlink)",
    "^Dump (?:terminated|was interrupted)",
    '^(?:Device|Option|Command|Object) "[^"]*" (?:does not exist|is unknown)',
    "^(?:ip6?tables[\\w-]*|ipset|conntrack|nft) v[\\d.]+[^:]*: (?!\\d+ flow entries)",
    "^(?:/\\S*/)?(?:ip|ss|bridge|sysctl|conntrack|ipset|nsenter|sudo|kubectl|timeout|env|ip6?tables[\\w-]*): (?!(?:permission denied on|reading) key|cannot stat).*(?:not found|[Nn]o such|not permitted|denied|unrecognized|invalid option|applet|failed|required)",
    "^BusyBox v[\\d.]+",
    // appended to what a command printed before it hung
    "^=== calicoctl cluster diags: no output for ",
  ].join("|"),
);

/** What kubectl says around the output. */
const NOISE =
  /^(?:Defaulted container |Defaulting container name to |Use 'kubectl describe |Unable to use a TTY|If you don't see a command prompt|Connection to \S+ closed|Warning: \S.* is deprecated)/;

const ENTITY = /&(?:lt|gt|amp|quot|apos|nbsp|#39|#x27|#34);/g;
const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["&lt;", "<"],
  ["&gt;", ">"],
  ["&amp;", "&"],
  ["&quot;", '"'],
  ["&#34;", '"'],
  ["&apos;", "'"],
  ["&#39;", "'"],
  ["&#x27;", "'"],
  ["&nbsp;", " "],
]);

/** Colours of `ip -c`, cursor movements of terminals. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are control characters
const ANSI = /\u001b\[[\d;?]*[A-Za-z]/g;

/** Quotation marks, dashes and blanks that word processors and chat programs put in. */
const TYPOGRAPHY = /[\u00a0\u2013\u2014\u2018\u2019\u201c\u201d\u2028\u202f\u200b]/;

/** Control characters other than blanks, line ends and ESC; what stands for bytes that are no UTF-8. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are looked for
const UNDECODABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001a\u001c-\u001f\ufffd]/g;

/** More than this share of undecodable or control characters is no text. */
const BINARY_SHARE = 0.1;

/**
 * Cuts a paste or file into the lines that the tool printed: without byte-order mark, line ends (CRLF of `kubectl exec -t`),
 * colours, prompts with their command, code fences and blank lines; with HTML entities and typographic quotes undone.
 * Error texts in place of output, omissions and binary data become findings:
 * `binary-input`, `tool-error`, `truncated-dump`, `cut-line`, `html-entities`, `typography`.
 */
export function dumpLines(text: string, file: string): DumpLines {
  const findings = dumpFindings(file);
  const lines: DumpLine[] = [];
  const cuts: number[] = [];
  const binary = binaryKind(text);
  if (binary !== null) {
    findings.add("binary-input", "error", 0, `Not text: ${binary}.`, { expected: "UTF-8 text" });
    return { lines, cuts, findings: findings.list() };
  }
  const unmarked = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  const raw = unmarked.includes("\r") ? unmarked.split(/\r*\n|\r+/) : unmarked.split("\n");
  const hasEntities = text.includes("&");
  const hasTypography = TYPOGRAPHY.test(text);
  const hasEscapes = text.includes("\u001b");
  const repair = (line: string, repaired: string, number: number, code: FindingCode, message: string): string => {
    if (repaired !== line) findings.once(code, "info", number, message);
    return repaired;
  };
  const cutEnd = (line: string, number: number): void => {
    if (!CUT_END.test(line)) return;
    cuts.push(number);
    findings.add("cut-line", "warning", number, "The end of this line is missing.");
  };
  for (let i = 0; i < raw.length; i++) {
    const number = i + 1;
    let line = raw[i] ?? "";
    if (hasEscapes) line = line.replace(ANSI, "");
    if (line.includes("\t")) line = line.replaceAll("\t", " ");
    if (hasEntities && line.includes("&")) {
      const decoded = line.replace(ENTITY, (entity) => ENTITIES.get(entity) ?? entity);
      line = repair(line, decoded, number, "html-entities", "HTML entities were decoded.");
    }
    if (hasTypography && TYPOGRAPHY.test(line)) {
      line = repair(
        line,
        plainTypography(line),
        number,
        "typography",
        "Typographic quotes, dashes or blanks were replaced.",
      );
    }
    line = line.trimEnd();
    if (line === "") continue;
    if (USUAL.test(line)) {
      if (line.endsWith("…") || line.endsWith("]")) cutEnd(line, number);
      lines.push({ number, text: line });
      continue;
    }
    if (isFrame(line)) continue;
    if (CUT_OUT.test(line)) {
      cuts.push(number);
      findings.add("truncated-dump", "warning", number, "Lines were left out here.");
    } else if (TOOL_ERROR.test(line)) {
      cuts.push(number);
      findings.add("tool-error", "warning", number, `An error message instead of output: ${quote(line)}.`, {
        advice: "Collect this file again.",
      });
    } else {
      cutEnd(line, number);
      lines.push({ number, text: line });
    }
  }
  return { lines, cuts, findings: findings.list() };
}

/** A text in quotes for a message, cut to a readable length. */
export function quote(text: string): string {
  const line = text.trim();
  return line.length > 120 ? `“${line.slice(0, 117)}…”` : `“${line}”`;
}

/** Prompts with their command, code fences and kubectl's remarks: nothing that the tool printed. */
function isFrame(line: string): boolean {
  return PROMPTS.some((prompt) => prompt.test(line)) || CODE_FENCE.test(line) || NOISE.test(line);
}

/** Quotes stay as they are where straight ones stand on the same line: there they are part of a quoted text. */
function plainTypography(line: string): string {
  let plain = line
    .replace(/[\u00a0\u202f]/g, " ")
    .replace(/[\u200b\u2028]/g, "")
    .replace(/(^|\s)[\u2013\u2014](?=[a-z])/g, "$1--");
  if (!plain.includes('"')) plain = plain.replace(/[\u201c\u201d]/g, '"');
  if (!plain.includes("'")) plain = plain.replace(/[\u2018\u2019]/g, "'");
  return plain;
}

/** What kind of binary data a text is, or null when it is text. */
function binaryKind(text: string): string | null {
  if (text.startsWith("\u001f\ufffd") || text.startsWith("\u001f\u008b")) return "gzip data";
  const nul = text.indexOf("\0");
  if (nul >= 0)
    return nul < 2 || text.charCodeAt(nul + 2) === 0 ? "UTF-16, or binary data with NUL bytes" : "NUL bytes";
  const sample = text.slice(0, 4096);
  const odd = sample.match(UNDECODABLE)?.length ?? 0;
  return odd > sample.length * BINARY_SHARE ? "most of it cannot be decoded" : null;
}
