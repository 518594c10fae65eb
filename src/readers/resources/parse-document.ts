import { CORE_SCHEMA, load, YAMLException } from "js-yaml";
import type { Finding } from "../../model/finding.ts";
import { readPlainYaml } from "./plain-yaml.ts";

export type Parsed =
  | { readonly kind: "value"; readonly value: unknown }
  /** `line` and `column` count from 1 within the text. */
  | { readonly kind: "error"; readonly message: string; readonly line: number; readonly column: number };

/** Collections nested deeper than this are refused: no API object comes near it. */
const MAXIMUM_DEPTH = 100;

/** JSON when it begins like JSON, else one YAML document (core schema: no dates, no code, no merge keys). */
export function parseDocument(text: string): Parsed {
  if (/^\s*[[{]/.test(text)) {
    try {
      const value: unknown = JSON.parse(text);
      return bounded(value, text);
    } catch {
      // YAML's flow style holds JSON, and its parser knows the line
    }
  }
  const plain = readPlainYaml(text);
  if (plain !== null) return { kind: "value", value: plain.value };
  try {
    return bounded(load(text, { schema: CORE_SCHEMA, maxDepth: MAXIMUM_DEPTH }), text);
  } catch (error) {
    return failure(error);
  }
}

function failure(error: unknown): Parsed {
  if (error instanceof YAMLException) {
    const { mark } = error;
    return { kind: "error", message: error.reason, line: (mark?.line ?? 0) + 1, column: (mark?.column ?? 0) + 1 };
  }
  return { kind: "error", message: error instanceof Error ? error.message : String(error), line: 1, column: 1 };
}

/**
 * Refuses what would be endless to walk. Aliases are shared by reference, so parsing them is cheap and walking them is
 * not: nine levels of nine aliases stand for 9^9 values. A document without aliases has fewer values than characters,
 * so more than that is an explosion.
 */
function bounded(value: unknown, text: string): Parsed {
  const size = unfoldedSize(value, Math.max(1000, text.length));
  if (size === "too deep") {
    return { kind: "error", message: `nested deeper than ${MAXIMUM_DEPTH} levels`, line: 1, column: 1 };
  }
  if (size === "too many") {
    const anchor = text.search(/(^|[\s:[,-])&\S/);
    const before = text.slice(0, Math.max(0, anchor));
    return {
      kind: "error",
      message: "aliases of anchors expand to more values than the text has characters",
      line: before.split("\n").length,
      column: 1,
    };
  }
  return { kind: "value", value };
}

/** Values in a tree, each alias counted as often as it is used. Linear in the values that are really there. */
function unfoldedSize(value: unknown, limit: number): "fine" | "too many" | "too deep" {
  const sizes = new Map<object, number>();
  let tooDeep = false;
  const measure = (node: unknown, depth: number): number => {
    if (typeof node !== "object" || node === null) return 1;
    const known = sizes.get(node);
    if (known !== undefined) return known;
    if (depth > MAXIMUM_DEPTH) {
      tooDeep = true;
      return limit + 1;
    }
    // met again before it is measured: it contains itself
    sizes.set(node, Number.POSITIVE_INFINITY);
    let size = 1;
    for (const child of Array.isArray(node) ? node : Object.values(node)) {
      size += measure(child, depth + 1);
      if (size > limit) break;
    }
    sizes.set(node, size);
    return size;
  };
  const size = measure(value, 0);
  if (size <= limit) return "fine";
  return tooDeep ? "too deep" : "too many";
}

/** The finding that a file of podpath's own is no YAML. */
export function noYaml(document: Extract<Parsed, { readonly kind: "error" }>, file: string): Finding {
  return {
    code: "yaml-syntax",
    severity: "error",
    message: `Cannot be read as YAML: ${document.message}.`,
    file,
    line: document.line,
    column: document.column,
  };
}
