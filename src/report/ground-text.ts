import type { Assumption } from "../emulator/world.ts";
import type { Answer, Unknown } from "../trace/result.ts";
import type { Ink } from "./ink.ts";
import { commandFor } from "./missing-fact.ts";
import { paragraph } from "./wrap.ts";

/** What an answer rests on: assumptions and unknowns, each with the command that would replace it by a fact. */
export function groundLines(answer: Pick<Answer, "unknowns" | "assumptions">, ink: Ink): readonly string[] {
  return [...unknownLines(answer.unknowns, ink), ...assumptionLines(answer.assumptions, ink)];
}

function unknownLines(unknowns: readonly Unknown[], ink: Ink): readonly string[] {
  if (unknowns.length === 0) return [];
  const lines = ["", ink.strong("Unknown")];
  for (const { question, command } of unknowns) {
    lines.push(...paragraph(question, "    ", `  ${ink.doubtful("?")} `));
    if (command !== null) lines.push(...paragraph(`to know it: ${command}`, "    ", "    ", ink.faint));
  }
  return lines;
}

/** Hosts of which the same is assumed come together. */
function assumptionLines(assumptions: readonly Assumption[], ink: Ink): readonly string[] {
  if (assumptions.length === 0) return [];
  const groups = new Map<string, { hosts: string[]; command: string }>();
  for (const assumption of assumptions) {
    const text = withoutHost(assumption);
    const group = groups.get(text) ?? { hosts: [], command: commandFor(assumption) };
    if (!group.hosts.includes(assumption.host)) group.hosts.push(assumption.host);
    groups.set(text, group);
  }
  const lines = ["", ink.strong("Assumed")];
  for (const [text, { hosts, command }] of groups) {
    const shown = hosts.length > 8 ? `${hosts.slice(0, 7).join(", ")} and ${hosts.length - 7} more` : hosts.join(", ");
    lines.push(...paragraph(`${shown}: ${text}`, "    ", `  ${ink.doubtful("~")} `));
    lines.push(...paragraph(`to know it there: ${command}`, "    ", "    ", ink.faint));
  }
  return lines;
}

/** `worker-1 has no native nft tables` → `has no native nft tables`. */
function withoutHost({ host, detail }: Assumption): string {
  return detail.startsWith(`${host} `) ? detail.slice(host.length + 1) : detail.replace(` on ${host}`, "");
}
