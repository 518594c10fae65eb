import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchesSelector } from "../../../src/calico/selector/matches-selector.ts";
import { parseSelector } from "../../../src/calico/selector/parse-selector.ts";
import { canonicalSelector, type Selector } from "../../../src/calico/selector/selector.ts";
import { labelsArbitrary, selectorArbitrary } from "./selector-arbitrary.ts";

function parsed(text: string): Selector {
  const result = parseSelector(text);
  if (result.error !== null) throw new Error(`${text}: expected ${result.error.expected}, found ${result.error.found}`);
  return result.selector;
}

function chooses(text: string, labels: Readonly<Record<string, string>>): boolean {
  return matchesSelector(parsed(text), (label) => (Object.hasOwn(labels, label) ? labels[label] : undefined));
}

describe("the canonical text of a selector", () => {
  it.each([
    ["", "all()"],
    [" all( ) ", "all()"],
    [" ( global() )", "global()"],
    ["! (has( b)||! has(a ))", "!(has(b) || !has(a))"],
    [`!! ! has(a)`, "!has(a)"],
    [`! (a == "b"&&! c != "d")`, `!(a == "b" && !c != "d")`],
    ["a == '\"'", "a == '\"'"],
    [`a == 'b'`, `a == "b"`],
    [`a startswith 'x'`, `a starts with "x"`],
    [`a ends  with 'x'`, `a ends with "x"`],
    [`a notin{'z',"x" , 'z',}`, `a not in {"x", "z"}`],
    [`a in {}`, "a in {}"],
    ["a == '1' || b == '2' && c == '3'", `(a == "1" || (b == "2" && c == "3"))`],
    ["in in {'in'}", `in in {"in"}`],
  ])("of %j is %j", (text, canonical) => {
    expect(canonicalSelector(parsed(text))).toBe(canonical);
  });

  it("reads back as the same selector", () => {
    fc.assert(
      fc.property(selectorArbitrary, (selector) => {
        expect(parsed(canonicalSelector(selector))).toEqual(selector);
      }),
    );
  });
});

describe("a selector that does not parse", () => {
  it.each([
    ["b == b", 6, "a value in quotes"],
    ["'b' == b", 1, "a label, has(label), all(), ! or ("],
    ["b", 2, "==, !=, in, not in, contains, starts with or ends with"],
    ["a = 'x'", 3, "==, !=, in, not in, contains, starts with or ends with"],
    ['foo == "bar" &', 14, "&&, || or the end"],
    ['foo in {"", ||', 13, "a value in quotes"],
    ['foo in ""', 8, "{ and a list of values"],
    ['foo in {"a" "b"}', 13, ", or }"],
    ['"FOO', 1, "a label, has(label), all(), ! or ("],
    ['(a == "foo"', 12, "&&, || or )"],
    ["has(foo) &&", 12, "a label, has(label), all(), ! or ("],
    ['a == "b"\n&& c == "d"', 9, "&&, || or the end"],
  ])("%j is refused at column %i", (text, column, expected) => {
    expect(parseSelector(text)).toMatchObject({ selector: null, error: { column, expected } });
  });

  it("is refused as data, however it is nested or damaged", () => {
    expect(parseSelector("(".repeat(100_000)).error).not.toBeNull();
    expect(parsed(`${"!".repeat(100_001)}has(a)`)).toEqual({ kind: "!", operand: { kind: "has", label: "a" } });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc
            .array(
              fc.constantFrom("(", ")", "!", "&&", "||", "a", " ", "==", "'x'", "in", "{", "}", ",", "has(", "all()"),
            )
            .map((tokens) => tokens.join("")),
        ),
        (text) => {
          const { error } = parseSelector(text);
          if (error !== null) expect(error.column).toBeLessThanOrEqual(text.length + 1);
        },
      ),
    );
  });
});

describe("what a selector chooses", () => {
  it.each([
    ["a == 'x'", { a: "x" }, true],
    ["a == 'x'", {}, false],
    ["a != 'x'", {}, true],
    ["a not in {'x'}", {}, true],
    ["a in {'x', 'y'}", { a: "y" }, true],
    ["a in {}", { a: "y" }, false],
    ["has(a)", { a: "" }, true],
    ["a contains ''", {}, false],
    ["a starts with 'ab'", { a: "abc" }, true],
    ["a ends with 'bc'", { a: "abc" }, true],
    ["global()", { "projectcalico.org/namespace": "default" }, false],
    ["global()", {}, true],
    ["!(has(b) || !has(a))", { a: "1" }, true],
    ["has(constructor)", {}, false],
  ])("%s against %j", (text, labels, chosen) => {
    expect(chooses(text, labels)).toBe(chosen);
  });

  it("turns round under a negation, and follows De Morgan", () => {
    fc.assert(
      fc.property(selectorArbitrary, selectorArbitrary, labelsArbitrary, (left, right, labels) => {
        const chosen = (selector: Selector): boolean => matchesSelector(selector, (label) => labels.get(label));
        const negated = (operand: Selector): Selector => ({ kind: "!", operand });
        expect(chosen(negated(left))).toBe(!chosen(left));
        expect(chosen(negated({ kind: "||", operands: [left, right] }))).toBe(
          chosen({ kind: "&&", operands: [negated(left), negated(right)] }),
        );
      }),
    );
  });
});
