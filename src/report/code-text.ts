import type { CodeKind, DeclaredCode } from "../model/codes/codes.ts";
import { docOf } from "./code-link.ts";
import type { Ink } from "./ink.ts";
import { paragraph } from "./wrap.ts";

const KINDS: Readonly<Record<CodeKind, string>> = {
  finding: "a finding about the input",
  assumption: "an assumption that answers rest on",
  unknown: "a question that answers branch on",
};

/** The page of a code on a terminal. */
export function codeText(page: DeclaredCode, ink: Ink): string {
  const lines = [
    `${ink.strong(page.code)}: ${KINDS[page.kind]}`,
    "",
    ...paragraph(`${page.title}.`, "", ""),
    "",
    ...paragraph(page.means, "  ", "  "),
    "",
    ink.strong("What to do"),
    ...paragraph(page.todo, "  ", "  "),
    "",
    ink.faint(`With an example: ${docOf(page.code)}`),
  ];
  return `${lines.join("\n")}\n`;
}

/** All codes, a line each. */
export function codeListText(pages: Iterable<DeclaredCode>, ink: Ink): string {
  const all = [...pages];
  const width = Math.max(...all.map(({ code }) => code.length));
  const lines = all.map(({ code, title }) => `${ink.strong(code.padEnd(width))}  ${title}`);
  return `${lines.join("\n")}\n`;
}

/** The page of a code as JSON has it. */
export interface CodeJson extends DeclaredCode {
  readonly doc: string;
}

export function codeJson(page: DeclaredCode): CodeJson {
  return { ...page, doc: docOf(page.code) };
}
