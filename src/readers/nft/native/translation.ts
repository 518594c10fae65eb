import type { GivenOption } from "../../../linux/netfilter/extension.ts";
import { targetExtension } from "../../../linux/netfilter/targets/table.ts";
import type { Target } from "../../../model/ruleset.ts";
import { formatAddress, parseAddress } from "../../../net/address.ts";
import { TCP } from "../../../net/protocol.ts";
import { type Branch, takeBranches } from "./branch.ts";
import type { RuleContext } from "./expression.ts";
import { type Cursor, isEnd, peek, type Token, take, takeWords } from "./token.ts";

export type TranslationWord = "dnat" | "snat" | "masquerade" | "redirect";

/** The targets of a NAT statement, each under its tests. */
export interface Translation {
  readonly branch: Pick<Branch, "tests">;
  readonly target: Target;
}

const FLAGS: Readonly<Record<string, string>> = {
  random: "random",
  "fully-random": "random-fully",
  persistent: "persistent",
};

/**
 * Takes what follows `dnat`, `snat`, `masquerade` or `redirect`; empty where it is for the other family, undefined where it is not
 * understood.
 */
export function takeTranslation(
  cursor: Cursor,
  word: TranslationWord,
  context: RuleContext,
): readonly Translation[] | undefined {
  const family = takeFamily(cursor);
  if (family !== null && family !== context.family) {
    cursor.at = cursor.tokens.length;
    return [];
  }
  const to = takeWords(cursor, "to") ? goals(cursor, word, context) : [{ tests: [], text: null }];
  if (to === undefined) return undefined;
  const flags: GivenOption[] = [];
  while (!isEnd(cursor.tokens[cursor.at]) && FLAGS[peek(cursor)] !== undefined) {
    flags.push({ name: FLAGS[take(cursor)?.text ?? ""] ?? "", invert: false, values: [] });
  }
  const translations: Translation[] = [];
  for (const { tests, text } of to) {
    const target = targetOf(word, text, flags, context);
    if (target === null) return undefined;
    translations.push({ branch: { tests }, target });
  }
  return translations;
}

/** `dnat ip to`; `dnat ip addr . port to` says what the map holds, which its elements show too. */
function takeFamily(cursor: Cursor): 4 | 6 | null {
  const word = peek(cursor);
  if (word !== "ip" && word !== "ip6") return null;
  cursor.at++;
  takeWords(cursor, "addr", ".", "port");
  return word === "ip" ? 4 : 6;
}

interface Goal extends Pick<Branch, "tests"> {
  /** `10.0.0.1:80`, `[fd00::1]:80`, `:80`; null: none is named. */
  readonly text: string | null;
}

function goals(cursor: Cursor, word: TranslationWord, context: RuleContext): readonly Goal[] | undefined {
  const written = peek(cursor);
  if (written.startsWith(":") || written.startsWith("[") || isAddress(written)) {
    cursor.at++;
    return [{ tests: [], text: written }];
  }
  if (word !== "dnat" && word !== "snat") return undefined;
  const found: Goal[] = [];
  for (const { tests, data } of takeBranches(cursor, "map", context) ?? []) {
    const text = goalOf(data);
    if (text === null) return undefined;
    found.push({ tests, text });
  }
  return found.length === 0 ? undefined : found;
}

function isAddress(text: string): boolean {
  const [, first = ""] = /^([^-]+)/.exec(text) ?? [];
  return parseAddress(first) !== null || parseAddress(first.replace(/:\d+$/, "")) !== null;
}

/** `10.0.0.1`, or `10.0.0.1 . 80`, as a map holds it. */
function goalOf(data: readonly Token[]): string | null {
  const [address, , port] = data;
  const parsed = parseAddress(address?.text ?? "");
  if (parsed === null) return null;
  const text = formatAddress(parsed);
  if (data.length === 1) return text;
  if (data.length !== 3 || data[1]?.text !== "." || port === undefined) return null;
  return `${parsed.family === 6 ? `[${text}]` : text}:${port.text}`;
}

function targetOf(
  word: TranslationWord,
  text: string | null,
  flags: readonly GivenOption[],
  { family }: RuleContext,
): Target | null {
  const context = { family, protocol: TCP };
  const value = (name: string, given: string | null): readonly GivenOption[] =>
    given === null ? flags : [{ name, invert: false, values: [given] }, ...flags];
  switch (word) {
    case "dnat": {
      const parsed = targetExtension("DNAT").parse(value("to-destination", text), context);
      return "problem" in parsed ? null : { kind: "extension", call: { name: "DNAT", options: parsed.value } };
    }
    case "snat": {
      const parsed = targetExtension("SNAT").parse(value("to-source", text), context);
      return "problem" in parsed ? null : { kind: "extension", call: { name: "SNAT", options: parsed.value } };
    }
    case "masquerade": {
      const parsed = targetExtension("MASQUERADE").parse(value("to-ports", text?.slice(1) ?? null), context);
      return "problem" in parsed ? null : { kind: "extension", call: { name: "MASQUERADE", options: parsed.value } };
    }
    case "redirect": {
      const parsed = targetExtension("REDIRECT").parse(value("to-ports", text?.slice(1) ?? null), context);
      return "problem" in parsed ? null : { kind: "extension", call: { name: "REDIRECT", options: parsed.value } };
    }
  }
}

/** True for a word that begins a NAT statement. */
export function isTranslation(word: string): word is TranslationWord {
  return word === "dnat" || word === "snat" || word === "masquerade" || word === "redirect";
}
