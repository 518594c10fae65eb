/** Below this depth a value is small enough to be printed in one piece. */
const DEEP = 5;

/**
 * The text of `JSON.stringify(value, null, 2)`, piece by piece: nobody holds all of it at once. An iterable that is no array is printed as an
 * array, and each element is made when its turn comes.
 */
export function* jsonPieces(value: unknown, depth = 0): Generator<string> {
  if (isList(value) && (depth < DEEP || !Array.isArray(value))) yield* listPieces(value, depth);
  else if (typeof value === "object" && value !== null && depth < DEEP) yield* objectPieces(value, depth);
  else yield indented(JSON.stringify(value ?? null, null, 2), depth);
}

function isList(value: unknown): value is Iterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}

function* listPieces(list: Iterable<unknown>, depth: number): Generator<string> {
  let isEmpty = true;
  for (const element of list) {
    yield `${isEmpty ? "[" : ","}${lineBreak(depth + 1)}`;
    isEmpty = false;
    yield* jsonPieces(element, depth + 1);
  }
  yield isEmpty ? "[]" : `${lineBreak(depth)}]`;
}

function* objectPieces(object: object, depth: number): Generator<string> {
  let isEmpty = true;
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue;
    yield `${isEmpty ? "{" : ","}${lineBreak(depth + 1)}${JSON.stringify(key)}: `;
    isEmpty = false;
    yield* jsonPieces(value, depth + 1);
  }
  yield isEmpty ? "{}" : `${lineBreak(depth)}}`;
}

function lineBreak(depth: number): string {
  return `\n${"  ".repeat(depth)}`;
}

/** Line ends within texts are escaped: those that are left are of the layout. */
function indented(text: string, depth: number): string {
  return depth === 0 ? text : text.replaceAll("\n", lineBreak(depth));
}
