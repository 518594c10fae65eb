/** One line, or lines that are indented by two spaces. */
export type JsonLayout = "line" | "indented";

/** From this depth on a value that is small is printed in one piece. */
const DEEP: Readonly<Record<JsonLayout, number>> = { line: 0, indented: 5 };
/** Values in it: more are printed piece by piece. */
const SMALL = 1000;
/**
 * Deeper than this nothing is indented: answers to answers stand within each other, and of a hundred and fifty of them spaces would be nine
 * tenths.
 */
const INDENTED = 24;

/** An array or object that is being printed. */
interface Open {
  /** Elements, or keys and values. */
  readonly rest: Iterator<unknown>;
  readonly isList: boolean;
  isEmpty: boolean;
}

/**
 * The text of `JSON.stringify(value, null, 2)`, but for the spaces of what is nested very deep, or of `JSON.stringify(value)`, piece by
 * piece: nobody holds all of it at once, and nothing is too deep. An iterable that is no array is printed as an array, and each element is
 * made when its turn comes.
 */
export function* jsonPieces(value: unknown, layout: JsonLayout = "indented"): Generator<string> {
  const open: Open[] = [];
  const start = opened(value, 0, layout);
  if (start === null) yield printed(value, 0, layout);
  else open.push(start);
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const { done, value: element } = top.rest.next();
    if (done === true) {
      open.pop();
      yield ending(top, open.length, layout);
      continue;
    }
    const [key, content] = top.isList ? ["", element] : keyed(element, layout);
    if (!top.isList && content === undefined) continue;
    yield `${top.isEmpty ? (top.isList ? "[" : "{") : ","}${lineBreak(open.length, layout)}${key}`;
    top.isEmpty = false;
    const inner = opened(content, open.length, layout);
    if (inner === null) yield printed(content, open.length, layout);
    else open.push(inner);
  }
}

function keyed(entry: unknown, layout: JsonLayout): readonly [string, unknown] {
  if (!Array.isArray(entry)) throw new Error("no entry of an object");
  return [`${JSON.stringify(entry[0])}:${layout === "line" ? "" : " "}`, entry[1]];
}

/** Null for what is printed in one piece. */
function opened(value: unknown, depth: number, layout: JsonLayout): Open | null {
  if (typeof value !== "object" || value === null) return null;
  const isList = isIterable(value);
  if ((!isList || Array.isArray(value)) && depth >= DEEP[layout] && isSmall(value)) return null;
  const rest = isList ? value[Symbol.iterator]() : Object.entries(value)[Symbol.iterator]();
  return { rest, isList, isEmpty: true };
}

function isIterable(value: object): value is Iterable<unknown> {
  return Symbol.iterator in value;
}

/** Whether there are few values in it, however deep, and none that is made when its turn comes. */
function isSmall(value: object): boolean {
  const waiting: object[] = [value];
  let count = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const content of Object.values(next)) {
      if (++count > SMALL) return false;
      if (typeof content !== "object" || content === null) continue;
      if (isIterable(content) && !Array.isArray(content)) return false;
      waiting.push(content);
    }
  }
  return true;
}

function ending({ isList, isEmpty }: Open, depth: number, layout: JsonLayout): string {
  if (isEmpty) return isList ? "[]" : "{}";
  return `${lineBreak(depth, layout)}${isList ? "]" : "}"}`;
}

function lineBreak(depth: number, layout: JsonLayout): string {
  return layout === "line" || depth > INDENTED ? "" : `\n${"  ".repeat(depth)}`;
}

/** Line ends within texts are escaped: those that are left are of the layout. */
function printed(value: unknown, depth: number, layout: JsonLayout): string {
  if (layout === "line" || depth > INDENTED) return JSON.stringify(value ?? null);
  const text = JSON.stringify(value ?? null, null, 2);
  return depth === 0 ? text : text.replaceAll("\n", lineBreak(depth, layout));
}
