import fc from "fast-check";
import type { FuzzSet } from "./rule.ts";

const sidesOf = (set: FuzzSet): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom("src", "dst"), { minLength: set.dimensions, maxLength: set.dimensions })
    .map((sides) => sides.join());

const counterTest = fc.constantFrom(
  "",
  "",
  " --packets-gt 2",
  " --packets-lt 4",
  " --packets-eq 3",
  " ! --packets-eq 3",
  " --bytes-gt 120",
  " --bytes-lt 160",
  " --packets-gt 1 --bytes-lt 300",
);

/** `-m set` with whatever the set has use for; `stateful` allows tests of what packets count. */
export function setMatch(set: FuzzSet, negation: fc.Arbitrary<string>, stateful: boolean): fc.Arbitrary<string> {
  return fc
    .tuple(
      negation,
      sidesOf(set),
      set.nets ? fc.constantFrom("", "", "", " --return-nomatch") : fc.constant(""),
      fc.constantFrom("", "", " ! --update-counters", " ! --update-subcounters"),
      set.counters && stateful ? counterTest : fc.constant(""),
    )
    .map(([no, sides, ...options]) => `-m set ${no}--match-set ${set.name} ${sides}${options.join("")}`);
}

/** `-j SET`: adding, deleting, and in mangle mapping. */
export function setTarget(sets: readonly FuzzSet[], mangle: boolean): fc.Arbitrary<string> {
  const change = fc.constantFrom(...sets).chain((set) => sidesOf(set).map((sides) => `${set.name} ${sides}`));
  return fc
    .tuple(
      fc.oneof(
        { weight: 5, arbitrary: change.map((text) => ` --add-set ${text}`) },
        { weight: 1, arbitrary: fc.constant("") },
      ),
      fc.constantFrom("", " --exist", " --timeout 900", " --exist --timeout 0"),
      fc.oneof(
        { weight: 1, arbitrary: change.map((text) => ` --del-set ${text}`) },
        { weight: 2, arbitrary: fc.constant("") },
      ),
      mangle
        ? fc.oneof(
            { weight: 1, arbitrary: change.map((text) => ` --map-set ${text} --map-mark`) },
            { weight: 1, arbitrary: fc.constant("") },
          )
        : fc.constant(""),
    )
    .filter(([add, , del, map]) => add !== "" || del !== "" || map !== "")
    .map(([add, options, del, map]) => `-j SET${add}${add === "" ? "" : options}${del}${map}`);
}
