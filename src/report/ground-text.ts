import type { Answer } from "../trace/result.ts";
import { commandFor } from "./missing-fact.ts";
import type { Ink } from "./ink.ts";
import { paragraph } from "./wrap.ts";

/** What an answer rests on: assumptions and unknowns, each with the command that would replace it by a fact. */
export function groundLines(answer: Answer, ink: Ink): readonly string[] {
  const lines: string[] = [];
  if (answer.unknowns.length > 0) {
    lines.push("", ink.strong("Unknown"));
    for (const { question, command } of answer.unknowns) {
      lines.push(...paragraph(question, "    ", `  ${ink.doubtful("?")} `));
      if (command !== null) lines.push(...paragraph(`to know it: ${command}`, "    ", "    ", ink.faint));
    }
  }
  if (answer.assumptions.length > 0) {
    lines.push("", ink.strong("Assumed"));
    for (const assumption of answer.assumptions) {
      const text = assumption.detail.startsWith(assumption.host)
        ? assumption.detail
        : `${assumption.host}: ${assumption.detail}`;
      lines.push(...paragraph(text, "    ", `  ${ink.doubtful("~")} `));
      lines.push(...paragraph(`to know it, on ${assumption.host}: ${commandFor(assumption)}`, "    ", "    ", ink.faint));
    }
  }
  return lines;
}
