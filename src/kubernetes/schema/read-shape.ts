import type { FieldShape, Limit, ScalarType, Shape, When } from "./shape.ts";

const SCALARS: readonly (ScalarType | "any")[] = ["string", "integer", "number", "boolean", "int-or-string", "any"];

interface Line {
  readonly indent: number;
  readonly when: When;
  readonly name: string;
  readonly required: When | null;
  /** `[]` and `{}` behind the name, the outermost first. */
  readonly around: readonly ("list" | "map")[];
  readonly words: readonly string[];
  readonly below: readonly Line[];
}

const LINE = /^( *)([+-]?)([^\s*[{]+)(\*[+-]?)?((?:\[\]|\{\})*)(?: +(.*))?$/;

function when(sign: string): When {
  return sign === "+" ? "later" : sign === "-" ? "earlier" : "always";
}

/** Words are parted by spaces, but what follows a `~` is one up to the next. */
function words(text: string): readonly string[] {
  const at = text.search(/(?:^| )[+-]?~/);
  if (at < 0) return text.split(/ +/).filter((word) => word !== "");
  return [
    ...words(text.slice(0, at)),
    ...text
      .slice(at)
      .trimStart()
      .split(/ (?=[+-]~)/),
  ];
}

function treeOf(lines: readonly string[]): readonly Line[] {
  const top: Line[] = [];
  const open: { readonly indent: number; readonly below: Line[] }[] = [{ indent: -1, below: top }];
  for (const text of lines) {
    const match = LINE.exec(text);
    if (match === null) throw new Error(`no field: ${text}`);
    const [, spaces = "", sign = "", name = "", star, around = "", rest = ""] = match;
    const indent = spaces.length;
    while ((open.at(-1)?.indent ?? -1) >= indent) open.pop();
    const below: Line[] = [];
    open.at(-1)?.below.push({
      indent,
      when: when(sign),
      name,
      required: star === undefined ? null : when(star.slice(1)),
      around: (around.match(/\[\]|\{\}/g) ?? []).map((pair) => (pair === "[]" ? "list" : "map")),
      words: words(rest),
      below,
    });
    open.push({ indent, below });
  }
  return top;
}

function bounds(text: string): { readonly least: number; readonly most: number } | null {
  const match = /^(-?\d*)\.\.(-?\d*)$/.exec(text);
  if (match === null) return null;
  const [, least = "", most = ""] = match;
  return {
    least: least === "" ? Number.NEGATIVE_INFINITY : Number(least),
    most: most === "" ? Number.POSITIVE_INFINITY : Number(most),
  };
}

const BOUNDED = { "#": "items", "%": "members", "=": "length" } as const;

function limitOf(word: string): Limit | null {
  const sign = /^[+-]/.test(word) ? word.charAt(0) : "";
  const text = word.slice(sign.length);
  const time = when(sign);
  if (text.startsWith("~")) {
    const source = text.slice(1);
    const blind = source.replace("(?i)", "");
    return { when: time, kind: "pattern", source, test: new RegExp(blind, blind === source ? "" : "i") };
  }
  if (text === "cidr" || text === "date-time") return { when: time, kind: "format", format: text };
  const kind = text[0] === "#" || text[0] === "%" || text[0] === "=" ? BOUNDED[text[0]] : "range";
  const range = bounds(kind === "range" ? text : text.slice(1));
  if (range !== null) return { when: time, kind, ...range };
  return text.includes("|") || text.startsWith("'")
    ? { when: time, kind: "one-of", values: text.replaceAll("'", "").split("|") }
    : null;
}

function shapeOf(line: Line, shared: ReadonlyMap<string, readonly Line[]>): Shape {
  const limits: Limit[] = [];
  let type: ScalarType | "any" | null = null;
  let below = line.below;
  let nullable = false;
  for (const word of line.words) {
    const scalar = SCALARS.find((one) => one === word);
    const limit = scalar === undefined ? limitOf(word) : null;
    const named = shared.get(word);
    if (scalar !== undefined) type = scalar;
    else if (limit !== null) limits.push(limit);
    else if (named !== undefined) below = [...named, ...below];
    else if (word === "null") nullable = true;
    else throw new Error(`${line.name}: what is ${word}?`);
  }
  const inner = (kinds: readonly Limit["kind"][]): readonly Limit[] =>
    limits.filter((limit) => kinds.includes(limit.kind));
  const own = inner(["one-of", "format", "pattern", "range", "length", "members"]);
  const object = (): Shape => ({
    type: "object",
    fields: new Map(
      below.map((field): [string, FieldShape] => [field.name, { shape: shapeOf(field, shared), when: field.when }]),
    ),
    required: below.flatMap(({ name, required }) => (required === null ? [] : [[name, required] as const])),
    limits: own,
    nullable,
  });
  let shape: Shape = below.length > 0 || type === null ? object() : { type, limits: own, nullable };
  for (const [i, around] of line.around.entries()) {
    const isOutermost = i === line.around.length - 1;
    shape = { type: around, of: shape, limits: isOutermost ? inner(["items"]) : [], nullable: false };
  }
  return shape;
}

function linesOf(notation: string): readonly string[] {
  return notation.split("\n").filter((line) => line.trim() !== "");
}

/**
 * Reads what an API takes, one field a line, those inside it indented below it. Behind the name: `*` must be there, `[]` a list, `{}` a
 * mapping by any key. Then the type (`string`, `integer`, `number`, `boolean`, `int-or-string`, `any`, none: an
 * object, `null`: null is a value), the name of a shared block of fields, and limits: `A|B` (one value: `'A`), `1..9` (a number), `=1..9` (a
 * text's length), `#1..9` (a list's), `%1..9` (how many fields an object has), `cidr`, `date-time`, `~regex`. A `+` before a field, a limit, or after `*`: newer
 * releases only; a `-`: older ones only.
 *
 * @param shared blocks of fields, by name
 */
export function readShape(notation: string, shared: Readonly<Record<string, string>> = {}): Shape {
  const blocks = new Map(Object.entries(shared).map(([name, text]) => [name, treeOf(linesOf(text))]));
  const top = treeOf(linesOf(notation));
  return shapeOf({ indent: -1, when: "always", name: "", required: null, around: [], words: [], below: top }, blocks);
}
