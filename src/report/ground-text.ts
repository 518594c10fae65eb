import type { Assumption } from "../emulator/assumption.ts";
import { commandFor } from "../trace/fact-source.ts";
import type { Answer, Unknown } from "../trace/result.ts";
import { EXPLAIN_HINT } from "./code-link.ts";
import type { Ink } from "./ink.ts";
import { paragraph } from "./wrap.ts";

/**
 * What an answer rests on: assumptions and unknowns, each with the command that would replace it by a fact. Without `verbose`
 * assumptions of one kind are one line.
 */
export function groundLines(
  answer: Pick<Answer, "unknowns" | "assumptions">,
  ink: Ink,
  verbose: boolean,
): readonly string[] {
  const lines = [...unknownLines(answer.unknowns, ink), ...assumptionLines(answer.assumptions, ink, verbose)];
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

interface AssumptionGroup {
  readonly texts: Set<string>;
  readonly codes: Set<string>;
  readonly hosts: Set<string>;
  readonly command: string;
}

/** More groups of one kind become one. */
const GROUPS_OF_A_KIND = 3;

function assumptionLines(assumptions: readonly Assumption[], ink: Ink, verbose: boolean): readonly string[] {
  if (assumptions.length === 0) return [];
  const groups = verbose ? byHosts(assumptions, (text) => [text]) : byKind(byHosts(assumptions, briefly));
  const lines = ["", ink.strong("Assumed")];
  for (const { texts, codes, hosts, command } of groups) {
    const what = verbose ? [...texts].join("; ") : firstOf(texts, "; ", 12);
    lines.push(
      ...paragraph(
        `${firstOf(hosts, ", ", 8)}: ${what} [${[...codes].join("] [")}]`,
        "    ",
        `  ${ink.doubtful("~")} `,
      ),
    );
    lines.push(...paragraph(`to know it there: ${command}`, "    ", "    ", ink.faint));
  }
  return lines;
}

/** Hosts of which the same is assumed come together, and what one command tells of the same hosts. */
function byHosts(
  assumptions: readonly Assumption[],
  shorten: (text: string) => readonly string[],
): readonly AssumptionGroup[] {
  const hostsOf = new Map<string, { readonly hosts: Set<string>; readonly command: string; readonly code: string }>();
  for (const assumption of assumptions) {
    for (const text of shorten(withoutHost(assumption))) {
      const group = hostsOf.get(text) ?? { hosts: new Set(), command: commandFor(assumption), code: assumption.code };
      group.hosts.add(assumption.host);
      hostsOf.set(text, group);
    }
  }
  const groups = new Map<string, AssumptionGroup>();
  for (const [text, { hosts, command, code }] of hostsOf) {
    const key = `${command}\n${[...hosts].join("\n")}`;
    const group = groups.get(key) ?? { texts: new Set(), codes: new Set(), hosts, command };
    group.texts.add(text);
    group.codes.add(code);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Many groups that one command would tell are one: then a machine need not be one of which all of its details are assumed. */
function byKind(groups: readonly AssumptionGroup[]): readonly AssumptionGroup[] {
  const kinds = new Map<string, AssumptionGroup[]>();
  for (const group of groups) {
    const own = kinds.get(group.command);
    if (own === undefined) kinds.set(group.command, [group]);
    else own.push(group);
  }
  return [...kinds].flatMap(([command, own]) =>
    own.length <= GROUPS_OF_A_KIND
      ? own
      : [
          {
            texts: new Set(own.flatMap(({ texts }) => [...texts])),
            codes: new Set(own.flatMap(({ codes }) => [...codes])),
            hosts: new Set(own.flatMap(({ hosts }) => [...hosts])),
            command,
          },
        ],
  );
}

/** `net.ipv4.conf.all.rp_filter=0, net.ipv4.conf.eth0.rp_filter=0` → `net.ipv4.conf.*.rp_filter=0`. */
function briefly(text: string): readonly string[] {
  if (!/^net\.\S+=\S+(?:, net\.\S+=\S+)*$/.test(text)) return [text];
  return text.split(", ").map((one) => one.replace(/^(net\.ipv[46]\.(?:conf|neigh))\.[^.]+\./, "$1.*."));
}

/** All of a few, else the first ones and the number of the others. */
function firstOf(items: ReadonlySet<string>, separator: string, most: number): string {
  const shown = items.size <= most ? most : Math.floor(most / 2);
  const more = items.size > most ? ` and ${items.size - shown} more` : "";
  return `${[...items].slice(0, shown).join(separator)}${more}`;
}

/** `worker-1 has no native nft tables` → `has no native nft tables`. */
function withoutHost({ host, detail }: Assumption): string {
  return detail.startsWith(`${host} `) ? detail.slice(host.length + 1) : detail.replace(` on ${host}`, "");
}
