import { CORE_SCHEMA, load } from "js-yaml";

/**
 * A YAML document in the few forms that kubectl, calicoctl and people mostly write: block mappings and sequences, scalars on one line, literal
 * blocks. Null for anything else, right or wrong: js-yaml reads it then. The value is js-yaml's, several times sooner.
 */
export function readPlainYaml(text: string): { readonly value: unknown } | null {
  if (ODD.test(text)) return null;
  const reader: Reader = { lines: text.split("\n"), at: 0, depth: 0 };
  const first = nextLine(reader);
  if (first === null) return null;
  const value = readBlock(reader, indentOf(first));
  return value === UNREADABLE || nextLine(reader) !== null ? null : { value };
}

/** Tabs, carriage returns, and what is not ASCII. */
const ODD = /[^\n\x20-\x7e]/;

/** Nested deeper, js-yaml decides. */
const DEEPEST = 60;

const UNREADABLE = Symbol("unreadable");

type Value = unknown | typeof UNREADABLE;

interface Reader {
  readonly lines: readonly string[];
  at: number;
  depth: number;
}

const KEY = /([A-Za-z_][\w./-]*):(?: +(\S.*))?$/y;

const BLANK = 32;
const DASH = 45;

/** The next line that is not empty; null at the end. */
function nextLine(reader: Reader): string | null {
  for (; reader.at < reader.lines.length; reader.at++) {
    const line = reader.lines[reader.at];
    if (line !== undefined && line !== "") return line;
  }
  return null;
}

function indentOf(line: string): number {
  let indent = 0;
  while (line.charCodeAt(indent) === BLANK) indent++;
  return indent;
}

function isElement(line: string, indent: number): boolean {
  return line.charCodeAt(indent) === DASH && line.charCodeAt(indent + 1) === BLANK;
}

function readBlock(reader: Reader, indent: number): Value {
  if (reader.depth >= DEEPEST) return UNREADABLE;
  reader.depth++;
  const isSequence = isElement(reader.lines[reader.at] ?? "", indent);
  const value = isSequence ? readSequence(reader, indent) : readMapping(reader, indent);
  reader.depth--;
  return value;
}

function readSequence(reader: Reader, indent: number): Value {
  const list: unknown[] = [];
  for (let line = nextLine(reader); line !== null; line = nextLine(reader)) {
    const found = indentOf(line);
    if (found < indent || (found === indent && !isElement(line, indent))) return list;
    if (found > indent) return UNREADABLE;
    KEY.lastIndex = indent + 2;
    const value = KEY.test(line)
      ? readNested(reader, () => readMapping(reader, indent + 2))
      : readScalar(reader, line.slice(indent + 2), indent);
    if (value === UNREADABLE) return UNREADABLE;
    list.push(value);
  }
  return list;
}

function readNested(reader: Reader, read: () => Value): Value {
  if (reader.depth >= DEEPEST) return UNREADABLE;
  reader.depth++;
  const value = read();
  reader.depth--;
  return value;
}

/** A mapping whose first key stands at the column `indent` of the current line, behind blanks or `- `. */
function readMapping(reader: Reader, indent: number): Value {
  const mapping: Record<string, unknown> = {};
  for (let line = nextLine(reader), isFirst = true; line !== null; line = nextLine(reader), isFirst = false) {
    if (!isFirst) {
      const found = indentOf(line);
      if (found < indent || (found === indent && isElement(line, indent))) return mapping;
      if (found > indent) return UNREADABLE;
    }
    KEY.lastIndex = indent;
    const entry = KEY.exec(line);
    const key = entry?.[1] ?? "";
    if (entry === null || key === "__proto__" || Object.hasOwn(mapping, key)) return UNREADABLE;
    const written = entry[2];
    const value = written === undefined ? readBelow(reader, indent) : readScalar(reader, written, indent);
    if (value === UNREADABLE) return UNREADABLE;
    mapping[key] = value;
  }
  return mapping;
}

/** The value of a key with nothing behind it. */
function readBelow(reader: Reader, indent: number): Value {
  reader.at++;
  const line = nextLine(reader);
  if (line === null) return null;
  const found = indentOf(line);
  return found > indent || (found === indent && isElement(line, indent)) ? readBlock(reader, found) : null;
}

/** A scalar that ends on its line, or a literal block below it. */
function readScalar(reader: Reader, written: string, indent: number): Value {
  reader.at++;
  if (written === "|" || written === "|-") return readLiteral(reader, indent, written === "|" ? "\n" : "");
  const value = scalarOf(written);
  const next = nextLine(reader);
  // it may go on there
  return next !== null && indentOf(next) > indent ? UNREADABLE : value;
}

function readLiteral(reader: Reader, parent: number, end: string): Value {
  const first = reader.lines[reader.at] ?? "";
  const indent = indentOf(first);
  if (indent <= parent || indent === first.length) return UNREADABLE;
  const content: string[] = [];
  for (; reader.at < reader.lines.length; reader.at++) {
    const line = reader.lines[reader.at] ?? "";
    const found = indentOf(line);
    if (line !== "" && found < indent) {
      if (found === line.length || found > parent) return UNREADABLE;
      break;
    }
    content.push(line.slice(indent));
  }
  while (content.at(-1) === "") content.pop();
  return content.join("\n") + end;
}

const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ...["null", "Null", "NULL"].map((word) => [word, null] as const),
  ...["true", "True", "TRUE"].map((word) => [word, true] as const),
  ...["false", "False", "FALSE"].map((word) => [word, false] as const),
]);

/** Begins with a letter or a slash, and holds no sign of a comment or a key. */
const PLAIN = /^[A-Za-z/_](?!.*(?:: | #)).*[^\s:]$|^[A-Za-z/_]$/;
const NUMBER = /^(?:0|[1-9]\d{0,14})$/;
/** Addresses, prefixes and times. */
const NO_NUMBER = /^\d+\.\d+\.\d+\.\d+(?:\/\d+)?$|^\d{4}-\d\d-\d\dT[\d:.]+Z$/;
const QUOTED = /^"[^"\\]*"$|^'[^']*'$/;
/** Whole on its line, and read the same wherever it stands. */
const ALONE = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|\[[^#]*\]|\{[^#]*\}|[-+.]?\d[\w.+-]*)$/;

function scalarOf(written: string): Value {
  if (PLAIN.test(written)) return WORDS.has(written) ? WORDS.get(written) : written;
  if (NUMBER.test(written)) return Number(written);
  if (NO_NUMBER.test(written)) return written;
  if (QUOTED.test(written)) return written.slice(1, -1);
  if (!ALONE.test(written)) return UNREADABLE;
  try {
    return load(written, { schema: CORE_SCHEMA, maxDepth: DEEPEST });
  } catch {
    return UNREADABLE;
  }
}
