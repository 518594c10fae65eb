import { expect, test } from "vitest";
import { dumpFindings } from "../../src/readers/dump-findings.ts";
import { dumpLines } from "../../src/readers/dump-text.ts";
import { isJsonDump, jsonElements, numberField, objectField, textField } from "../../src/readers/json-fields.ts";

function read(text: string) {
  const findings = dumpFindings("f");
  return { elements: jsonElements(dumpLines(text, "f").lines, findings), findings: findings.list() };
}

test("elements know the line where they start", () => {
  const { elements } = read('$ ip -j -p route\n[ {\n  "dst": "a"\n},{\n  "dst": "b", "x": [{"y": "}"}]\n} ]\n');
  expect(elements.map(({ object, line }) => [textField(object, "dst"), line])).toEqual([
    ["a", 2],
    ["b", 4],
  ]);
});

test("two outputs in one file, and the empty objects of filtered entries, are read", () => {
  expect(read('[{"a":1},{},{"a":2}]\n[{"a":3}]\n{"a":4}').elements.map(({ object }) => object)).toEqual([
    { a: 1 },
    { a: 2 },
    { a: 3 },
    { a: 4 },
  ]);
});

test("an output that was cut off yields what is whole", () => {
  const { elements, findings } = read('[{"a":1},{"a":');
  expect(elements.length).toBe(1);
  expect(findings).toMatchObject([{ code: "truncated-dump" }]);
});

test("one damaged element leaves the others readable", () => {
  const { elements, findings } = read('[{"a":1},{a:2},{"a":3}]');
  expect(elements.length).toBe(2);
  expect(findings).toMatchObject([{ code: "invalid-json", severity: "error", line: 1 }]);
});

test("keys that would reach into prototypes are keys like any other", () => {
  const [element] = read('[{"__proto__":{"dst":"x"},"constructor":1}]').elements;
  expect(element && textField(element.object, "dst")).toBe(null);
  expect(element && objectField(element.object, "toString")).toBe(null);
  expect(element && numberField(element.object, "constructor")).toBe(1);
  expect(textField({}, "dst")).toBe(null);
});

test("text of tools is not taken for JSON", () => {
  const isJson = (text: string): boolean => isJsonDump(dumpLines(text, "f").lines);
  expect(["[1:2] -A INPUT", "default via 1.1.1.1", ""].map(isJson)).toEqual([false, false, false]);
  expect(["[]", "[{}]", "[\n{}]", "{}"].map(isJson)).toEqual([true, true, true, true]);
});
