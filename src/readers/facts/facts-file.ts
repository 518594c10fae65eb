import {
  complain,
  elements,
  type Field,
  formatFieldPath,
  member,
  pathOf,
  text,
  topField,
} from "../../kubernetes/field.ts";
import type { Finding } from "../../model/finding.ts";
import { locateField } from "../resources/locate-field.ts";
import { noYaml, parseDocument } from "../resources/parse-document.ts";
import type { FactText } from "./statement.ts";

/** Each place costs a walk of the whole text. */
const LOCATED = 2000;

/**
 * Reads `facts.yaml`: `facts` is a list of facts (`- "node1: route …"`, the quotes may be missing), or the facts of each host under its
 * name (`node1: [route …, address …]`).
 */
export function readFactsFile(
  content: string,
  file: string,
): { readonly facts: readonly FactText[]; readonly findings: readonly Finding[] } {
  const document = parseDocument(content);
  if (document.kind === "error") {
    return { facts: [], findings: [noYaml(document, file)] };
  }
  const top = topField(document.value);
  const facts: FactText[] = [];
  const add = (field: Field, fact: string): void => {
    const line = facts.length < LOCATED ? (locateField(content, pathOf(field))?.line ?? 0) : 0;
    facts.push({ file, line, text: fact });
  };
  const version = member(top, "apiVersion");
  if ((text(version) ?? "podpath/v1") !== "podpath/v1") complain(version, "podpath/v1");
  const list = member(top, "facts");
  if (Array.isArray(list.value)) for (const entry of elements(list)) addEntry(entry, add);
  else if (isMapping(list.value)) for (const host of Object.keys(list.value)) addHost(member(list, host), host, add);
  else complain(list, "a list of facts");
  const findings = top.problems.map((problem): Finding => {
    const place = locateField(content, problem.path);
    return {
      code: "wrong-field",
      severity: "error",
      message: `${formatFieldPath(problem.path)} is ${problem.found}.`,
      file,
      ...(place === null ? {} : { line: place.line, column: place.column }),
      expected: problem.expected,
    };
  });
  return { facts, findings };
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A text, or what YAML makes of a text with a colon and a blank in it: a mapping. */
function addEntry(entry: Field, add: (field: Field, fact: string) => void): void {
  if (isMapping(entry.value)) {
    for (const host of Object.keys(entry.value)) addHost(member(entry, host), host, add);
    return;
  }
  const fact = text(entry);
  if (fact !== null) add(entry, fact);
}

function addHost(field: Field, host: string, add: (field: Field, fact: string) => void): void {
  if (Array.isArray(field.value)) {
    for (const one of elements(field)) addHost(one, host, add);
    return;
  }
  const fact = text(field);
  if (fact !== null) add(field, `${host}: ${fact}`);
}
