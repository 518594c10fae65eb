import { CODES, type CodeKind, type DeclaredCode } from "../../src/model/codes/codes.ts";
import type { Example } from "./example.ts";
import type { Shown } from "./shown.ts";

const KINDS: Readonly<Record<CodeKind, { readonly heading: string; readonly what: string }>> = {
  finding: { heading: "Findings", what: "A finding about the input" },
  assumption: { heading: "Assumptions", what: "An assumption that answers rest on" },
  unknown: { heading: "Unknowns", what: "A question that answers branch on" },
};

/** Lines of an example that a page shows. */
const SHOWN_LINES = 24;

/** The page of a code in docs/reference/codes/. */
export function codePage(
  { code, kind, title, means, todo }: DeclaredCode,
  example: Example,
  { excerpt }: Shown,
): string {
  return `${[
    `# ${code}`,
    "",
    `**${title}.** ${KINDS[kind].what}.`,
    "",
    means,
    "",
    "## How it shows",
    "",
    ...inputLines(example),
    "```text",
    ...excerpt,
    "```",
    "",
    "## What to do",
    "",
    todo,
    "",
    "[All codes](README.md)",
  ].join("\n")}\n`;
}

function inputLines(example: Example): readonly string[] {
  if ("library" in example) return ["A program that builds a network with the library is told:", ""];
  const lines: string[] = [];
  for (const [name, content] of Object.entries(example.files)) {
    if (typeof content !== "string") continue;
    const written = content.split("\n").slice(0, -1);
    lines.push(
      `\`${name}\`:`,
      "",
      "```text",
      ...written.slice(0, SHOWN_LINES),
      ...(written.length > SHOWN_LINES ? ["…"] : []),
      "```",
      "",
    );
  }
  return [...lines, `\`podpath ${example.run.map(quoted).join(" ")}\` says:`, ""];
}

function quoted(word: string): string {
  return /^[\w./:-]+$/.test(word) ? word : `'${word}'`;
}

/** docs/reference/codes/README.md. */
export function codeIndex(): string {
  const lines = [
    "# Codes",
    "",
    "Every finding, assumption and unknown ends with a stable code in brackets, in JSON as `code`.",
    "[`podpath explain`](../../cli/explain.md) prints these pages. They are made from the code by `npm run codes`.",
  ];
  for (const [kind, { heading }] of Object.entries(KINDS)) {
    lines.push("", `## ${heading}`, "");
    for (const page of CODES.values())
      if (page.kind === kind) lines.push(`* [${page.code}](${page.code}.md): ${page.title}`);
  }
  return `${lines.join("\n")}\n`;
}
