import type { DumpFindings } from "./dump-findings.ts";
import { type DumpLine, quote } from "./dump-text.ts";

/** A parsed JSON object; only own properties are ever read, so that `__proto__` in a dump is just another key. */
export interface JsonObject {
  readonly [key: string]: unknown;
}

/** An object of a dump, and where it starts. */
export interface JsonElement {
  readonly object: JsonObject;
  readonly line: number;
  /** Its text, for tools that write a key twice. */
  readonly raw: string;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True when the first line of a cleaned dump starts a JSON array or object. */
export function isJsonDump(lines: readonly DumpLine[]): boolean {
  return /^\s*(?:\{|\[\s*(?:$|[[{\]]))/.test(lines[0]?.text ?? "");
}

/**
 * The objects of one or more JSON texts that stand one after the other: elements of top-level arrays, and top-level
 * objects. Each is parsed on its own, so that one that is damaged or cut off leaves the others readable. Empty objects,
 * which iproute2 leaves for entries that its filter hid, are passed over.
 */
export function jsonElements(lines: readonly DumpLine[], findings: DumpFindings): readonly JsonElement[] {
  const text = lines.map((line) => line.text).join("\n");
  const only = onlyObject(text, lines[0]?.number ?? 0);
  if (only !== null) return [only];
  const elements: JsonElement[] = [];
  let depth = 0;
  let inArray = false;
  let inString = false;
  let start = -1;
  let startLine = 0;
  let offset = 0;
  for (const { number, text: content } of lines) {
    for (let i = 0; i < content.length; i++) {
      if (inString) {
        i = endOfString(content, i);
        inString = i >= content.length;
        continue;
      }
      const next = nextBracket(content, i);
      if (depth === 0 && content.slice(i, next).trim() !== "") {
        findings.add("unknown-line", "warning", number, `Text outside of the JSON: ${quote(content)}.`);
        break;
      }
      i = next;
      const c = content[i];
      if (c === '"') inString = true;
      else if (c === "{" || c === "[") {
        if (depth === 0) inArray = c === "[";
        if (c === "{" && (depth === 0 || (depth === 1 && inArray))) {
          start = offset + i;
          startLine = number;
        }
        depth++;
      } else if (c === "}" || c === "]") {
        depth = Math.max(0, depth - 1);
        if (start >= 0 && depth === (inArray ? 1 : 0)) {
          addElement(text.slice(start, offset + i + 1), startLine, elements, findings);
          start = -1;
        }
      }
    }
    offset += content.length + 1;
  }
  if (depth > 0) {
    findings.add("truncated-dump", "warning", startLine, "The JSON ends in the middle.", {
      advice: "Collect this file again.",
    });
  }
  return elements;
}

/** The one object that an undamaged text is: nft prints a whole ruleset as one. Null for other texts. */
function onlyObject(text: string, line: number): JsonElement | null {
  const raw = text.trim();
  if (!raw.startsWith("{")) return null;
  try {
    const object: unknown = JSON.parse(raw);
    return isJsonObject(object) && Object.keys(object).length > 0 ? { object, line, raw } : null;
  } catch {
    return null;
  }
}

const BRACKET = /["{}[\]]/g;

/** Where a bracket, a brace or a quotation mark stands next; the length of the text when none does. */
function nextBracket(text: string, from: number): number {
  BRACKET.lastIndex = from;
  return BRACKET.exec(text)?.index ?? text.length;
}

const STRING_END = /["\\]/g;

/** Where the string ends in which `from` lies; the length of the text when it goes on. */
function endOfString(text: string, from: number): number {
  for (let at = from; at < text.length; at += 2) {
    STRING_END.lastIndex = at;
    at = STRING_END.exec(text)?.index ?? text.length;
    if (text[at] === '"') return at;
  }
  return text.length;
}

function addElement(raw: string, line: number, elements: JsonElement[], findings: DumpFindings): void {
  try {
    const object: unknown = JSON.parse(raw);
    if (isJsonObject(object) && Object.keys(object).length > 0) elements.push({ object, line, raw });
  } catch (error) {
    const reason = error instanceof Error ? error.message : "";
    findings.add("invalid-json", "error", line, `Not JSON: ${quote(reason)}.`, {
      expected: "the output of the tool with -j",
    });
  }
}

function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** iproute2 writes flags as `true` in one tool and as `null` in another. */
export function hasFlag(object: JsonObject, key: string): boolean {
  const value = own(object, key);
  return value !== undefined && value !== false;
}

/** A text, or a number as text; null when absent or of another type. */
export function textField(object: JsonObject, key: string): string | null {
  const value = own(object, key);
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(value) : null;
}

/** A whole number from 0 up, also one that was written as text in decimal or 0x notation; null otherwise. */
export function numberField(object: JsonObject, key: string): number | null {
  const value = own(object, key);
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 ? number : null;
}

export function objectField(object: JsonObject, key: string): JsonObject | null {
  const value = own(object, key);
  return isJsonObject(value) ? value : null;
}

/** The objects of an array; empty when absent or of another type. */
export function objectsField(object: JsonObject, key: string): readonly JsonObject[] {
  const value = own(object, key);
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

/** The texts of an array; empty when absent or of another type. */
export function textsField(object: JsonObject, key: string): readonly string[] {
  const value = own(object, key);
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

/** A boolean that is true or false; null when absent or of another type. */
export function booleanField(object: JsonObject, key: string): boolean | null {
  const value = own(object, key);
  return typeof value === "boolean" ? value : null;
}
