import type { Match } from "../../../model/ruleset.ts";
import { elementsOf, rangesOf, type WrittenElement } from "./elements.ts";
import { among, guarded, namedElements, type RuleContext, takeBraces } from "./expression.ts";
import { takeKeys } from "./key.ts";
import { type Cursor, isMark, peek, type Token, take, takeWords } from "./token.ts";
import { parseValue } from "./values.ts";

/** What a map gives, and the tests under which it does; tried in order. */
export interface Branch {
  readonly tests: readonly Match[];
  readonly data: readonly Token[];
}

/** `statistic`'s probability of 1. */
const ONE = 2 ** 31;

/**
 * Takes an expression with the map that it asks (`tcp dport vmap { 22 : accept }`, `numgen random mod 2 map @endpoints`): one branch
 * for each element, and `*` last. Undefined where podpath does not know it; nothing is taken then.
 */
export function takeBranches(
  cursor: Cursor,
  word: "map" | "vmap",
  context: RuleContext,
): readonly Branch[] | undefined {
  const from = cursor.at;
  const branches = branchesAt(cursor, word, context);
  if (branches === undefined) cursor.at = from;
  return branches;
}

function branchesAt(cursor: Cursor, word: "map" | "vmap", context: RuleContext): readonly Branch[] | undefined {
  if (takeWords(cursor, "numgen", "random", "mod")) return drawn(cursor, word, context);
  const keys = takeKeys(cursor, context.family);
  const elements = keys === null ? null : mapAt(cursor, word, context);
  if (keys === null || elements === null) return undefined;
  if (!keys.every(({ present }) => present)) return [];
  const branches: Branch[] = [];
  const others: Branch[] = [];
  for (const { words, data } of elements) {
    if (data === null) return undefined;
    if (words.length === 0) {
      others.push({ tests: guarded(keys, []) ?? [], data });
      continue;
    }
    const ranges = rangesOf(words, keys, context.family);
    const tests = ranges === null ? null : guarded(keys, [among(keys, [ranges])]);
    if (tests === null) return undefined;
    branches.push({ tests, data });
  }
  return [...branches, ...others];
}

function mapAt(cursor: Cursor, word: string, context: RuleContext): readonly WrittenElement[] | null {
  if (!takeWords(cursor, word)) return null;
  if (isMark(cursor.tokens[cursor.at], "{")) return elementsOf(takeBraces(cursor));
  return peek(cursor).startsWith("@") ? namedElements(take(cursor)?.text ?? "", context) : null;
}

/** A number drawn below the modulus (net/netfilter/nft_numgen.c): each element has its share of what the ones before left over. */
function drawn(cursor: Cursor, word: string, context: RuleContext): readonly Branch[] | undefined {
  const modulus = parseValue(take(cursor)?.text ?? "", "number");
  const elements = modulus === null || modulus === 0 ? null : mapAt(cursor, word, context);
  if (modulus === null || elements === null) return undefined;
  const branches: Branch[] = [];
  let left = modulus;
  for (const { words, data } of elements) {
    const [range] = rangesOf(words, DRAWN, context.family) ?? [];
    if (data === null || range?.kind !== "number" || range.first >= modulus) return undefined;
    const share = Math.min(range.last, modulus - 1) - range.first + 1;
    branches.push({ tests: [drawing(share, left)], data });
    left -= share;
  }
  return left < 0 ? undefined : branches;
}

const DRAWN = [{ key: { kind: "number", of: "mark" }, values: "number", guards: [], present: true }] as const;

function drawing(share: number, of: number): Match {
  const probability = share === of ? ONE : Math.round((share / of) * ONE);
  return { name: "statistic", options: { mode: "random", probability, invert: false } };
}
