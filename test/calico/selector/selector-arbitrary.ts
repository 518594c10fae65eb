import fc from "fast-check";
import type { Selector } from "../../../src/calico/selector/selector.ts";

const label = fc.constantFrom("app", "tier", "projectcalico.org/namespace", "in", "has", "all", "not.in", "a-b/c_d.e");
const value = fc.oneof(
  fc.constantFrom("", "web", "db", "it's", "contains", "ü"),
  fc.string({ maxLength: 5 }).filter((text) => !text.includes('"')),
);
const values = fc.uniqueArray(value, { maxLength: 4 }).map((list) => [...list].sort());

/** Trees as the parser builds them: no chain of one operand, no double negation. */
export const selectorArbitrary: fc.Arbitrary<Selector> = fc.letrec<{ operand: Selector; selector: Selector }>(
  (tie) => ({
    operand: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constantFrom<Selector>({ kind: "all" }, { kind: "global" }),
      fc.record({ kind: fc.constant("has"), label }),
      fc.record({ kind: fc.constantFrom("==", "!=", "contains", "starts with", "ends with"), label, value }),
      fc.record({ kind: fc.constantFrom("in", "not in"), label, values }),
      fc.record({
        kind: fc.constantFrom("&&", "||"),
        operands: fc.array(tie("selector"), { minLength: 2, maxLength: 4 }),
      }),
    ),
    selector: fc.oneof(
      { weight: 4, arbitrary: tie("operand") },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("!"), operand: tie("operand") }) },
    ),
  }),
).selector;

/** Labels among those that the selectors ask for. */
export const labelsArbitrary: fc.Arbitrary<ReadonlyMap<string, string>> = fc
  .dictionary(label, value, { noNullPrototype: true, maxKeys: 5 })
  .map((labels) => new Map(Object.entries(labels)));
