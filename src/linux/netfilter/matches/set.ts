import type { GivenOption, MatchExtension } from "../extension.ts";
import { givenOption, optionWords } from "../option-words.ts";
import type { SetSides } from "../set-query.ts";
import { type CounterTest, type SetTest, setHolds } from "../set-test.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly set: SetTest & { readonly invert: boolean };
  }
}

/** IPSET_DIM_MAX. */
const MAX_DIMENSIONS = 6;
const NAME_LENGTH = 31;

function parseSides(text: string): SetSides | null {
  const sides: ("src" | "dst")[] = [];
  for (const word of text.split(",")) {
    if (word !== "src" && word !== "dst") return null;
    sides.push(word);
  }
  return sides.length > MAX_DIMENSIONS ? null : sides;
}

function counterTest(given: readonly GivenOption[], counter: "packets" | "bytes"): CounterTest | null | undefined {
  const options = given.filter(({ name }) => name.startsWith(`${counter}-`));
  const [option] = options;
  if (option === undefined) return null;
  const value = /^\d{1,20}$/.test(option.values[0] ?? "") ? Number(option.values[0]) : null;
  if (value === null || options.length > 1) return undefined;
  if (option.name.endsWith("-eq")) return { comparison: option.invert ? "ne" : "eq", value };
  return { comparison: option.name.endsWith("-lt") ? "lt" : "gt", value };
}

function counterWords(counter: string, test: CounterTest | null): readonly string[] {
  if (test === null) return [];
  const { comparison, value } = test;
  return optionWords(`${counter}-${comparison === "ne" ? "eq" : comparison}`, comparison === "ne", String(value));
}

/**
 * `-m set` (net/netfilter/xt_set.c set_match_v4). What a set holds is told in `set-test.ts`. Counters are as dumped, and as
 * packets have counted since.
 */
export const set: MatchExtension<"set"> = {
  options: {
    "match-set": { values: 2, negatable: true, aliases: ["set"] },
    "return-nomatch": { values: 0, negatable: false },
    "update-counters": { values: 0, negatable: true },
    "update-subcounters": { values: 0, negatable: true },
    "packets-eq": { values: 1, negatable: true },
    "packets-lt": { values: 1, negatable: false },
    "packets-gt": { values: 1, negatable: false },
    "bytes-eq": { values: 1, negatable: true },
    "bytes-lt": { values: 1, negatable: false },
    "bytes-gt": { values: 1, negatable: false },
  },
  parse(given) {
    const option = givenOption(given, "match-set");
    const [name = "", sideText = ""] = option?.values ?? [];
    const sides = parseSides(sideText);
    if (option === undefined || name === "" || name.length > NAME_LENGTH) {
      return { problem: "expected --match-set name src|dst[,…]" };
    }
    if (sides === null) return { problem: `bad set flags "${sideText}"` };
    const packets = counterTest(given, "packets");
    const bytes = counterTest(given, "bytes");
    if (packets === undefined || bytes === undefined) return { problem: "bad counter of a set match" };
    return {
      value: {
        name,
        sides,
        invert: option.invert,
        returnNomatch: givenOption(given, "return-nomatch") !== undefined,
        updateCounters: givenOption(given, "update-counters")?.invert !== true,
        updateSubcounters: givenOption(given, "update-subcounters")?.invert !== true,
        packets,
        bytes,
      },
    };
  },
  print: (options) => [
    ...optionWords("match-set", options.invert, options.name, options.sides.join(",")),
    ...(options.returnNomatch ? ["--return-nomatch"] : []),
    ...(options.updateCounters ? [] : ["!", "--update-counters"]),
    ...(options.updateSubcounters ? [] : ["!", "--update-subcounters"]),
    ...counterWords("packets", options.packets),
    ...counterWords("bytes", options.bytes),
  ],
  compile: (options) => ({
    kind: "call",
    test: (skb, runtime) => setHolds(runtime, options, skb) !== options.invert,
  }),
};
