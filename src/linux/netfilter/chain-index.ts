import type { Family } from "../../net/address.ts";
import type { Prefix } from "../../net/prefix.ts";
import { type PrefixMap, prefixMap } from "../../net/prefix-map.ts";
import type { Program } from "./program.ts";
import { BY_DESTINATION, BY_INPUT, BY_OUTPUT, BY_SOURCE, type Field, keysOfRule, type RuleKey } from "./rule-keys.ts";

/**
 * Which rules of a chain a packet can match. Each rule is filed once, under the rarest of its keys: a packet looks up
 * each field in use and gets a few short lists, which are walked together in the order of the rules. Every rule that is
 * in none of them would fail at a test that neither asks nor changes anything.
 */
export interface ChainIndex {
  /** Rules without a key, ascending. */
  readonly rest: Int32Array;
  readonly dimensions: readonly Dimension[];
}

/** The rules that are filed under one field. */
export interface Dimension {
  readonly field: Field;
  /** Addresses, ports and protocols: the number of the list for a value. */
  readonly values: PrefixMap<number>;
  /** For each value of `values`, all that a packet needs of it side by side: the words of its list, then the next value or -1. */
  readonly listsOfValues: Int32Array;
  /** Interfaces: by name, and those whose name begins with a text. */
  readonly names: ReadonlyMap<string, number>;
  readonly beginnings: readonly { readonly text: string; readonly list: number }[];
  /**
   * LIST_WORDS for each list, side by side, since a packet has them fetched from far: from where to where its rules stand in `rules`,
   * ascending; its only rule once more, where it has but one; and its number in `nested`, or -1.
   */
  readonly lists: Int32Array;
  readonly rules: Int32Array;
  /** A long list is indexed again by the other fields. */
  readonly nested: readonly ChainIndex[];
  /** All rules of the dimension, ascending: for a packet of which nobody knows the value. */
  readonly all: Int32Array;
}

/** Words of a list in `Dimension.lists`, and which of them is which. */
export const LIST_WORDS = 4;
export const LIST_END = 1;
export const LIST_ONLY = 2;
export const LIST_NESTED = 3;
/** Words of a value in `Dimension.listsOfValues`: those of its list, then one. */
export const VALUE_WORDS = 5;
export const VALUE_NEXT = 4;

/**
 * When chains get an index: `adaptive`, where it saves more than it costs; `always` and `never`, to hold the two ways of
 * walking against each other.
 */
export type Indexing = "adaptive" | "always" | "never";

/** A chain of fewer rules is walked faster than looked up. */
const WORTH_RULES = 24;
/** Making an index takes as long as walking the chain some hundred times. */
const WORTH_WALKS = 100;

/** Whether a chain of so many rules gets no index, however often it is walked. */
export function isShort(rules: number, indexing: Indexing): boolean {
  return rules < WORTH_RULES && indexing !== "always";
}

/** The index of a chain that is about to be walked; null where it is to be walked rule by rule. */
export function indexFor(program: Program, indexing: Indexing): ChainIndex | null {
  if (indexing === "never") return null;
  if (program.index !== null) return program.index;
  if (indexing === "adaptive" && program.walks++ < WORTH_WALKS) return null;
  program.index = chainIndex(program, indexing === "always" ? 1 : LONG);
  return program.index;
}

/** A list longer than this is worth another index. */
const LONG = 24;

/** The index of a whole chain: time and memory are linear in its rules. */
function chainIndex(program: Program, long: number): ChainIndex {
  const keys = new Map<number, readonly RuleKey[]>();
  for (let rule = 0; rule < program.count; rule++) {
    const ofRule = keysOfRule(program, rule);
    if (ofRule !== null) keys.set(rule, ofRule);
  }
  return indexOf([...keys.keys()], { keys, family: program.family, long }, new Set());
}

interface Building {
  readonly keys: ReadonlyMap<number, readonly RuleKey[]>;
  readonly family: Family;
  /** A longer list is indexed again. */
  readonly long: number;
}

function indexOf(rules: readonly number[], building: Building, used: ReadonlySet<Field>): ChainIndex {
  const { keys } = building;
  const frequency = new Map<Field, Map<RuleKey["id"], number>>();
  for (const rule of rules) {
    for (const { field, id } of keys.get(rule) ?? []) {
      const ofField = frequency.get(field) ?? new Map<RuleKey["id"], number>();
      frequency.set(field, ofField.set(id, (ofField.get(id) ?? 0) + 1));
    }
  }
  const rest: number[] = [];
  const filed = new Map<Field, Map<RuleKey["id"], { readonly key: RuleKey; readonly rules: number[] }>>();
  for (const rule of rules) {
    let best: RuleKey | null = null;
    let weight = Number.POSITIVE_INFINITY;
    for (const key of keys.get(rule) ?? []) {
      if (used.has(key.field)) continue;
      const own = (frequency.get(key.field)?.get(key.id) ?? 0) + key.breadth;
      if (own >= weight) continue;
      best = key;
      weight = own;
    }
    if (best === null) {
      rest.push(rule);
      continue;
    }
    const ofField = filed.get(best.field) ?? new Map<RuleKey["id"], { key: RuleKey; rules: number[] }>();
    filed.set(best.field, ofField);
    const list = ofField.get(best.id);
    if (list === undefined) ofField.set(best.id, { key: best, rules: [rule] });
    else list.rules.push(rule);
  }
  return {
    rest: Int32Array.from(rest),
    dimensions: [...filed].map(([field, lists]) =>
      dimensionOf(field, [...lists.values()], building, new Set([...used, field])),
    ),
  };
}

function dimensionOf(
  field: Field,
  lists: readonly { readonly key: RuleKey; readonly rules: readonly number[] }[],
  building: Building,
  used: ReadonlySet<Field>,
): Dimension {
  const { family, long } = building;
  const words = new Int32Array(lists.length * LIST_WORDS);
  const nested: ChainIndex[] = [];
  let start = 0;
  lists.forEach(({ rules: ofList }, list) => {
    const again = ofList.length > long ? indexOf(ofList, building, used) : null;
    const isNested = again !== null && again.dimensions.length > 0;
    words.set(
      [start, start + ofList.length, ofList[0] ?? 0, isNested ? nested.push(again) - 1 : -1],
      list * LIST_WORDS,
    );
    start += ofList.length;
  });
  const rules = Int32Array.from(lists.flatMap((list) => list.rules));
  const byName = field === BY_INPUT || field === BY_OUTPUT;
  const entries = lists.flatMap(({ key }, list) =>
    key.prefixes.map((prefix): readonly [Prefix, number] => [prefix, list]),
  );
  const values = prefixMap(field === BY_SOURCE || field === BY_DESTINATION ? family : 4, entries);
  return {
    field,
    values,
    listsOfValues: listsOfValues(values, words),
    names: new Map(
      byName
        ? lists.flatMap(({ key }, list) => (key.pattern?.wildcard === false ? [[key.pattern.text, list] as const] : []))
        : [],
    ),
    beginnings: lists.flatMap(({ key }, list) =>
      byName && key.pattern?.wildcard === true ? [{ text: key.pattern.text, list }] : [],
    ),
    lists: words,
    rules,
    nested,
    all: rules.toSorted(),
  };
}

function listsOfValues({ values, next }: PrefixMap<number>, lists: Int32Array): Int32Array {
  const words = new Int32Array(values.length * VALUE_WORDS);
  values.forEach((list, value) => {
    words.set(lists.subarray(list * LIST_WORDS, (list + 1) * LIST_WORDS), value * VALUE_WORDS);
    words[value * VALUE_WORDS + VALUE_NEXT] = next[value] ?? -1;
  });
  return words;
}
