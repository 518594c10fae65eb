/** Where a value stands inside a resource: keys and positions from the top. */
export type FieldPath = readonly (string | number)[];

/** A value that is not what its API promises. */
export interface FieldProblem {
  readonly path: FieldPath;
  /** What would have been right: `a list`, `an IP address`. */
  readonly expected: string;
  /** What was there, shortened. */
  readonly found: string;
  /** Where in the text it stops making sense, from 1; absent: the whole value. */
  readonly column?: number;
}

/** A value of unknown type on its way to being narrowed, and where to complain about it. */
export interface Field {
  readonly value: unknown;
  /** What it is a member or an element of; null at the top. */
  readonly within: Field | null;
  /** Its key or position there. */
  readonly key: string | number;
  readonly problems: FieldProblem[];
}

/** The top of a resource. */
export function topField(value: unknown): Field {
  return { value, within: null, key: "", problems: [] };
}

/** Where the field stands, from the top. Made when somebody asks: hardly any of a million fields is complained of. */
export function pathOf(field: Field): FieldPath {
  const path: (string | number)[] = [];
  for (let one = field; one.within !== null; one = one.within) path.push(one.key);
  return path.reverse();
}

/** `spec.containers[0].ports`. */
export function formatFieldPath(path: FieldPath): string {
  return path.map((part, i) => (typeof part === "number" ? `[${part}]` : i === 0 ? part : `.${part}`)).join("");
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A key's own value: what stands on Object.prototype never answers, whatever keys the input has. */
export function ownValue(value: unknown, key: string): unknown {
  return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function describeValue(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return Object.keys(value).length === 0 ? "an empty mapping" : "a mapping";
  const text = String(value);
  return typeof value === "string"
    ? `"${text.length > 40 ? `${text.slice(0, 40)}…` : text}"`
    : `the ${typeof value} ${text}`;
}

/** Writes down that the field is not what was expected, of a text from a column (from 1) on. */
export function complain(field: Field, expected: string, column?: number): void {
  complainBelow(field, [], field.value, expected, column);
}

/** The same of a value that stands further down. */
export function complainBelow(field: Field, below: FieldPath, value: unknown, expected: string, column?: number): void {
  // a mapping is met once for each of its members: said once
  const path = [...pathOf(field), ...below];
  const written = formatFieldPath(path);
  const told = toldPaths(field.problems);
  if (told.has(written)) return;
  field.problems.push({
    path,
    expected,
    found: describeValue(value),
    ...(column === undefined ? {} : { column }),
  });
}

const TOLD = new WeakMap<readonly FieldProblem[], { readonly paths: Set<string>; count: number }>();

/** The paths that a list of problems has. */
function toldPaths(problems: readonly FieldProblem[]): ReadonlySet<string> {
  const known = TOLD.get(problems);
  const told = known === undefined || known.count > problems.length ? { paths: new Set<string>(), count: 0 } : known;
  if (told !== known) TOLD.set(problems, told);
  for (; told.count < problems.length; told.count++) {
    const problem = problems[told.count];
    if (problem !== undefined) told.paths.add(formatFieldPath(problem.path));
  }
  return told.paths;
}

function isAbsent(field: Field): boolean {
  return field.value === undefined || field.value === null;
}

/** The member of a mapping; an absent one when the mapping is absent or is none. */
export function member(field: Field, key: string): Field {
  const { value, problems } = field;
  if (isRecord(value))
    return { value: Object.hasOwn(value, key) ? value[key] : undefined, within: field, key, problems };
  if (!isAbsent(field)) complain(field, "a mapping");
  return { value: undefined, within: field, key, problems };
}

/** The member under a chain of keys. */
export function at(field: Field, ...keys: readonly string[]): Field {
  return keys.reduce(member, field);
}

const NO_ELEMENTS: readonly Field[] = [];

/** The elements of a list; none when it is absent or is no list. */
export function elements(field: Field): readonly Field[] {
  if (isAbsent(field)) return NO_ELEMENTS;
  if (!Array.isArray(field.value)) {
    complain(field, "a list");
    return [];
  }
  return field.value.map((value: unknown, key) => ({ value, within: field, key, problems: field.problems }));
}

/** A string; null when absent or of another type. */
export function text(field: Field): string | null {
  if (isAbsent(field)) return null;
  if (typeof field.value === "string") return field.value;
  complain(field, "a string");
  return null;
}

/** A whole number; null when absent or of another type. */
export function integer(field: Field): number | null {
  if (isAbsent(field)) return null;
  if (typeof field.value === "number" && Number.isSafeInteger(field.value)) return field.value;
  complain(field, "a whole number");
  return null;
}

/** A number, whole or not; null when absent or of another type. */
export function numberField(field: Field): number | null {
  if (isAbsent(field)) return null;
  if (typeof field.value === "number" && Number.isFinite(field.value)) return field.value;
  complain(field, "a number");
  return null;
}

/** True or false; null when absent or of another type. */
export function flag(field: Field): boolean | null {
  if (isAbsent(field)) return null;
  if (typeof field.value === "boolean") return field.value;
  complain(field, "true or false");
  return null;
}

const NO_TEXTS: ReadonlyMap<string, string> = new Map();

/** Mappings that were read before: objects that say the same share one. */
export type SharedTexts = Map<string, ReadonlyMap<string, string>>;

/**
 * A mapping of strings (labels, annotations, selectors); other values in it are complained of and left out.
 *
 * @param shared where many objects say the same, such as the pods of one template
 */
export function textMap(field: Field, shared?: SharedTexts): ReadonlyMap<string, string> {
  if (isAbsent(field)) return NO_TEXTS;
  if (!isRecord(field.value)) {
    complain(field, "a mapping of strings");
    return NO_TEXTS;
  }
  const texts: string[] = [];
  let identity = "";
  for (const [key, value] of Object.entries(field.value)) {
    const written = typeof value === "string" ? value : text(member(field, key));
    if (written === null) continue;
    texts.push(key, written);
    if (shared !== undefined) identity += `${key.length} ${written.length} ${key}${written}`;
  }
  const known = shared?.get(identity);
  if (known !== undefined) return known;
  const map = new Map<string, string>();
  for (let i = 0; i < texts.length; i += 2) map.set(texts[i] ?? "", texts[i + 1] ?? "");
  shared?.set(identity, map);
  return map;
}

/** A string read by a parser that answers null for what it refuses; the empty string counts as absent. */
export function parsed<T>(field: Field, parse: (text: string) => T | null, expected: string): T | null {
  const written = text(field);
  if (written === null || written === "") return null;
  const value = parse(written);
  if (value === null) complain(field, expected);
  return value;
}

const NOTHING: readonly never[] = [];

/** The elements of a list that are not null after `read`. */
export function listOf<T>(field: Field, read: (element: Field) => T | null): readonly T[] {
  const written = elements(field);
  // one list for all that are empty: most lists of a pod are
  if (written.length === 0) return NOTHING;
  const list: T[] = [];
  for (const element of written) {
    const value = read(element);
    if (value !== null) list.push(value);
  }
  return list;
}

/** One of the texts that a field allows; the empty string counts as absent. */
export function oneOf<T extends string>(field: Field, values: readonly T[]): T | null {
  const written = text(field) ?? "";
  const found = values.find((value) => value === written);
  if (found !== undefined) return found;
  if (written !== "") complain(field, values.join(", ").replace(/, ([^,]*)$/, " or $1"));
  return null;
}
