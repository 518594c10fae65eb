import type { NftRange } from "../../../linux/netfilter/nft/key.ts";
import type { Family } from "../../../net/address.ts";
import type { WrittenKey } from "./key.ts";
import { isMark, type Token } from "./token.ts";
import { parseAddressRange, parseName, parseNumberRange } from "./values.ts";

/** An element of a set or map. */
export interface WrittenElement {
  /** A word for each key; empty for `*`, which stands for all that no other element is for. */
  readonly words: readonly Token[];
  /** What a map gives for it; null in a set. */
  readonly data: readonly Token[] | null;
}

/** What may follow the value of an element: how long it stays, what it counted. */
const REMARKS: ReadonlySet<string> = new Set(["timeout", "expires", "counter", "comment", "limit", "quota", "last"]);

/** The elements between the braces of a set, a map, or a list in a rule; null where one has another shape than is known. */
export function elementsOf(tokens: readonly Token[]): readonly WrittenElement[] | null {
  const elements: WrittenElement[] = [];
  let current: Token[] = [];
  for (const token of [...tokens, null]) {
    if (token !== null && !isMark(token, ",")) {
      current.push(token);
      continue;
    }
    if (current.length === 0) continue;
    const element = elementOf(current);
    if (element === null) return null;
    elements.push(element);
    current = [];
  }
  return elements;
}

function elementOf(tokens: readonly Token[]): WrittenElement | null {
  const colon = tokens.findIndex((token) => token.kind === "word" && token.text === ":");
  const left = colon < 0 ? tokens : tokens.slice(0, colon);
  const data = colon < 0 ? null : tokens.slice(colon + 1);
  const remark = left.findIndex((token) => token.kind === "word" && REMARKS.has(token.text));
  const key = remark < 0 ? left : left.slice(0, remark);
  const words: Token[] = [];
  for (const [number, token] of key.entries()) {
    const isJoint = number % 2 === 1;
    if (isJoint !== (token.kind === "word" && token.text === ".")) return null;
    if (!isJoint) words.push(token);
  }
  if (words.length === 1 && words[0]?.kind === "word" && words[0].text === "*") return { words: [], data };
  return words.length === 0 ? null : { words, data };
}

/** The ranges that an element's words stand for, one for each key; null where a word is no value of its key. */
export function rangesOf(
  words: readonly Token[],
  keys: readonly WrittenKey[],
  family: Family,
): readonly NftRange[] | null {
  if (words.length !== keys.length) return null;
  const ranges: NftRange[] = [];
  for (const [number, key] of keys.entries()) {
    const range = rangeOf(words[number], key, family);
    if (range === null) return null;
    ranges.push(range);
  }
  return ranges;
}

function rangeOf(word: Token | undefined, { values }: WrittenKey, family: Family): NftRange | null {
  if (word === undefined) return null;
  if (values === "name") return parseName(word.text);
  if (word.kind !== "word") return null;
  return values === "address" ? parseAddressRange(word.text, family) : parseNumberRange(word.text, values);
}
