import type { Assumption } from "../emulator/world.ts";
import { commandFor } from "../trace/fact-source.ts";
import type { Answer, Unknown } from "../trace/result.ts";
import { EXPLAIN_HINT } from "./code-link.ts";
import type { Ink } from "./ink.ts";
import { paragraph } from "./wrap.ts";

/** What an answer rests on: assumptions and unknowns, each with the command that would replace it by a fact. */
export function groundLines(answer: Pick<Answer, "unknowns" | "assumptions">, ink: Ink): readonly string[] {
  const lines = [...unknownLines(answer.unknowns, ink), ...assumptionLines(answer.assumptions, ink)];
  return lines.length === 0 ? [] : [...lines, "", ...paragraph(EXPLAIN_HINT, "", "", ink.faint)];
}

/** Questions that one command answers come together. */
function unknownLines(unknowns: readonly Unknown[], ink: Ink): readonly string[] {
  if (unknowns.length === 0) return [];
  const groups = new Map<string, { readonly questions: string[]; readonly command: string | null }>();
  for (const { code, question, command } of unknowns) {
    const key = command ?? `no command ${question}`;
    const group = groups.get(key) ?? { questions: [], command };
    group.questions.push(`${question} [${code}]`);
    groups.set(key, group);
  }
  const lines = ["", ink.strong("Unknown")];
  for (const { questions, command } of groups.values()) {
    for (const question of questions) lines.push(...paragraph(question, "    ", `  ${ink.doubtful("?")} `));
    if (command !== null) lines.push(...paragraph(`to know it: ${command}`, "    ", "    ", ink.faint));
  }
  return lines;
}

/** Hosts of which the same is assumed come together, and what one command tells of the same hosts. */
function assumptionLines(assumptions: readonly Assumption[], ink: Ink): readonly string[] {
  if (assumptions.length === 0) return [];
  const hostsOf = new Map<string, { readonly hosts: string[]; readonly command: string; readonly code: string }>();
  for (const assumption of assumptions) {
    const text = withoutHost(assumption);
    const group = hostsOf.get(text) ?? { hosts: [], command: commandFor(assumption), code: assumption.code };
    if (!group.hosts.includes(assumption.host)) group.hosts.push(assumption.host);
    hostsOf.set(text, group);
  }
  const groups = new Map<
    string,
    {
      readonly texts: string[];
      readonly codes: Set<string>;
      readonly hosts: readonly string[];
      readonly command: string;
    }
  >();
  for (const [text, { hosts, command, code }] of hostsOf) {
    const key = `${command}\n${hosts.join("\n")}`;
    const group = groups.get(key) ?? { texts: [], codes: new Set<string>(), hosts, command };
    group.texts.push(text);
    group.codes.add(code);
    groups.set(key, group);
  }
  const lines = ["", ink.strong("Assumed")];
  for (const { texts, codes, hosts, command } of groups.values()) {
    const shown = hosts.length > 8 ? `${hosts.slice(0, 7).join(", ")} and ${hosts.length - 7} more` : hosts.join(", ");
    lines.push(
      ...paragraph(`${shown}: ${texts.join("; ")} [${[...codes].join("] [")}]`, "    ", `  ${ink.doubtful("~")} `),
    );
    lines.push(...paragraph(`to know it there: ${command}`, "    ", "    ", ink.faint));
  }
  return lines;
}

/** `worker-1 has no native nft tables` → `has no native nft tables`. */
function withoutHost({ host, detail }: Assumption): string {
  return detail.startsWith(`${host} `) ? detail.slice(host.length + 1) : detail.replace(` on ${host}`, "");
}
