import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { originTable } from "../../src/model/origin.ts";
import { readNodesFile } from "../../src/readers/cluster/nodes-file.ts";
import { parseDocument } from "../../src/readers/resources/parse-document.ts";
import { readScenario } from "../../src/readers/scenario/read-scenario.ts";
import { readDescription } from "../../src/readers/snapshot/description.ts";
import { errorsAgainst, isSchemaName } from "../schemas/validate.ts";
import { documents } from "./documents.ts";
import { type Fence, fencesOf } from "./markdown.ts";
import { ROOT } from "./root.ts";

const LANGUAGES: ReadonlySet<string> = new Set(["console", "json", "yaml", "ts", "sh", "text"]);

const snippets = documents.flatMap(({ path, text }) =>
  fencesOf(text).map((fence) => ({ place: `${path}:${fence.line}`, fence, text: fence.lines.join("\n") })),
);

function inLanguage(language: string): typeof snippets {
  return snippets.filter(({ fence }) => fence.language === language);
}

test("every block says its language", () => {
  expect(snippets.filter(({ fence }) => !LANGUAGES.has(fence.language)).map(({ place }) => place)).toEqual([]);
});

describe("JSON", () => {
  test.each(inLanguage("json"))("$place parses and is what it claims to be", ({ fence, text }) => {
    const values = fence.notes.get("form") === "lines" ? fence.lines : [text];
    for (const value of values) checkSchema(fence, JSON.parse(value));
  });
});

describe("YAML", () => {
  test.each(inLanguage("yaml"))("$place is accepted by the reader it is for", ({ fence, text }) => {
    const document = parseDocument(text);
    if (document.kind === "error") throw new Error(document.message);
    checkSchema(fence, document.value);
    if (fence.notes.get("schema") === "scenario") expect(readScenario(text, "scenario.yaml").findings).toEqual([]);
    if (fence.notes.get("schema") === "nodes") {
      expect(readNodesFile(text, "nodes.yaml", originTable(), () => null).findings).toEqual([]);
    }
    if (fence.notes.get("schema") === "snapshot") {
      expect(readDescription({ path: "snapshot.yaml", text }, originTable()).findings).toEqual([]);
    }
  });
});

describe("TypeScript", () => {
  test.each(inLanguage("ts"))("$place is a part of the file it names", ({ fence, text }) => {
    const from = fence.notes.get("from") ?? "";
    expect(from).not.toBe("");
    expect(readFileSync(join(ROOT, from), "utf8")).toContain(text);
  });
});

function checkSchema(fence: Fence, value: unknown): void {
  const name = fence.notes.get("schema");
  if (name === undefined) return;
  if (!isSchemaName(name)) throw new Error(`there is no schema ${name}`);
  expect(errorsAgainst(name, value)).toEqual([]);
}
