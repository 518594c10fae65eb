import type {
  BirdExpression,
  BirdFilter,
  BirdFunction,
  BirdSetElement,
  BirdStatement,
  BirdVariable,
} from "../../model/bird/filter.ts";
import { type Cursor, placeOf } from "./cursor.ts";
import { parseExpression, parseSetElement, parseTerm } from "./expression.ts";

/** Types of variables and parameters; `set` may follow. */
const TYPES: ReadonlySet<string> = new Set([
  "int",
  "bool",
  "ip",
  "prefix",
  "rd",
  "pair",
  "quad",
  "ec",
  "lc",
  "string",
  "bytestring",
  "bgpmask",
  "bgppath",
  "clist",
  "eclist",
  "lclist",
]);

/** The statements between `{` and `}`. What is broken is told and left out. */
function parseBlock(cursor: Cursor, variables: BirdVariable[]): readonly BirdStatement[] | null {
  if (!cursor.expect("{")) return null;
  const statements: BirdStatement[] = [];
  while (!cursor.take("}")) {
    if (cursor.peek().kind === "end") return cursor.fail("“}”");
    const statement = cursor.nested(() => parseStatement(cursor, variables));
    if (statement === null) cursor.skipStatement();
    else if (statement.kind !== "empty") statements.push(statement);
  }
  return statements;
}

function parseStatement(cursor: Cursor, variables: BirdVariable[]): BirdStatement | null {
  const token = cursor.peek();
  const place = placeOf(token);
  if (cursor.take(";")) return { kind: "empty", ...place };
  if (cursor.at("{")) {
    const statements = parseBlock(cursor, variables);
    return statements === null ? null : { kind: "block", statements, ...place };
  }
  if (token.kind !== "word") return cursor.fail("a statement");
  switch (token.text) {
    case "if":
      return parseIf(cursor, variables);
    case "case":
      return parseCase(cursor, variables);
    case "return": {
      cursor.next();
      const value = cursor.at(";") ? null : parseExpression(cursor);
      if ((value === null && !cursor.at(";")) || !cursor.expect(";")) return null;
      return { kind: "return", value, ...place };
    }
    case "accept":
    case "reject":
    case "error":
    case "print":
    case "printn": {
      const { text } = cursor.next();
      const values = parsePrinted(cursor);
      if (values === null) return null;
      if (text === "accept" || text === "reject" || text === "error") return { kind: text, values, ...place };
      return { kind: "print", values, newLine: text === "print", ...place };
    }
    case "unset": {
      cursor.next();
      if (!cursor.expect("(")) return null;
      const attribute = parseTerm(cursor);
      if (attribute === null || !cursor.expect(")") || !cursor.expect(";")) return null;
      return { kind: "unset", attribute, ...place };
    }
    default:
      if (TYPES.has(token.text) && cursor.peek(1).kind === "word") return parseDeclaration(cursor, variables);
      return parseSimple(cursor);
  }
}

/** Values up to the `;`, or none. */
function parsePrinted(cursor: Cursor): readonly BirdExpression[] | null {
  const values: BirdExpression[] = [];
  if (cursor.take(";")) return values;
  do {
    const value = parseExpression(cursor);
    if (value === null) return null;
    values.push(value);
  } while (cursor.take(","));
  return cursor.expect(";") ? values : null;
}

/** `name = value;`, `name(…);`, `name.method(…);`. */
function parseSimple(cursor: Cursor): BirdStatement | null {
  const place = placeOf(cursor.peek());
  const term = parseTerm(cursor);
  if (term === null) return null;
  if (cursor.take("=")) {
    const value = parseExpression(cursor);
    return value === null || !cursor.expect(";") ? null : { kind: "assign", target: term, value, ...place };
  }
  if (term.kind !== "call" && term.kind !== "method" && term.kind !== "member") return cursor.fail("“=” or “(”");
  return cursor.expect(";") ? { kind: "expression", expression: term, ...place } : null;
}

function parseIf(cursor: Cursor, variables: BirdVariable[]): BirdStatement | null {
  const place = placeOf(cursor.next());
  const condition = parseExpression(cursor);
  if (condition === null || !cursor.expect("then")) return null;
  const body = cursor.nested(() => parseStatement(cursor, variables));
  if (body === null) return null;
  // `else:` is a branch of the case around
  const hasElse = !cursor.at(":", 1) && cursor.take("else");
  const otherwise = hasElse ? cursor.nested(() => parseStatement(cursor, variables)) : null;
  return { kind: "if", condition, body, otherwise, ...place };
}

function parseCase(cursor: Cursor, variables: BirdVariable[]): BirdStatement | null {
  const place = placeOf(cursor.next());
  const of = parseTerm(cursor);
  if (of === null || !cursor.expect("{")) return null;
  const branches: { values: readonly BirdSetElement[] | null; statements: BirdStatement[] }[] = [];
  while (!cursor.take("}")) {
    if (cursor.peek().kind === "end") return cursor.fail("“}”");
    const branch = branches.at(-1);
    if (branch === undefined || isBranch(cursor)) {
      const values = cursor.take("else") ? null : parseValues(cursor);
      if (values === undefined || !cursor.expect(":")) return null;
      branches.push({ values, statements: [] });
      continue;
    }
    const statement = cursor.nested(() => parseStatement(cursor, variables));
    if (statement === null) cursor.skipStatement();
    else branch.statements.push(statement);
  }
  return { kind: "case", of, branches, ...place };
}

/** True where a new branch begins: a colon stands before the next `;`. */
function isBranch(cursor: Cursor): boolean {
  for (let i = 0; i < 64; i++) {
    if (cursor.at(":", i)) return true;
    if (cursor.at(";", i) || cursor.at("{", i) || cursor.at("}", i) || cursor.peek(i).kind === "end") return false;
  }
  return false;
}

function parseValues(cursor: Cursor): readonly BirdSetElement[] | undefined {
  const values: BirdSetElement[] = [];
  do {
    const value = parseSetElement(cursor);
    if (value === null) return undefined;
    values.push(value);
  } while (cursor.take(","));
  return values;
}

/** `int x;`, `int set x = [1, 2];`: the value is an assignment where it stands. */
function parseDeclaration(cursor: Cursor, variables: BirdVariable[]): BirdStatement | null {
  const place = placeOf(cursor.peek());
  const variable = parseVariable(cursor);
  if (variable === null) return null;
  variables.push(variable);
  const value = cursor.take("=") ? parseExpression(cursor) : null;
  if (!cursor.expect(";")) return null;
  if (value === null) return { kind: "empty", ...place };
  return { kind: "assign", target: { kind: "name", name: variable.name, ...place }, value, ...place };
}

function parseVariable(cursor: Cursor): BirdVariable | null {
  const type = cursor.peek();
  if (type.kind !== "word" || !TYPES.has(type.text)) return cursor.fail("a type such as int, bool or prefix");
  cursor.next();
  const ofSet = cursor.take("set") ? " set" : "";
  const name = cursor.peek();
  if (name.kind !== "word") return cursor.fail("the name of a variable");
  cursor.next();
  return { type: `${type.text}${ofSet}`, name: name.text };
}

/** `function name(bool x) int y; { … }`. */
export function parseFunction(cursor: Cursor): BirdFunction | null {
  const place = placeOf(cursor.next());
  const name = cursor.peek();
  if (name.kind !== "word") return cursor.fail("the name of the function");
  cursor.next();
  if (!cursor.expect("(")) return null;
  const parameters: BirdVariable[] = [];
  while (!cursor.take(")")) {
    // BIRD 1.6 separates parameters by ;, BIRD 2 by , too
    if (parameters.length > 0 && !cursor.take(",") && !cursor.expect(";")) return null;
    const parameter = parseVariable(cursor);
    if (parameter === null) return null;
    parameters.push(parameter);
  }
  if (cursor.at("-") && cursor.at(">", 1)) {
    cursor.next();
    cursor.next();
    cursor.next();
    cursor.take("set");
  }
  const body = parseBody(cursor);
  return body === null ? null : { name: name.text, parameters, ...body, ...place };
}

/** `{ … }` of a filter, with the declarations that BIRD 1.6 has before it. */
export function parseFilterBody(cursor: Cursor, name: string | null): BirdFilter | null {
  const place = placeOf(cursor.peek());
  const body = parseBody(cursor);
  return body === null ? null : { name, ...body, ...place };
}

/** `{ … }` behind a static route: it is installed as these commands leave it. */
export function parseRouteCommands(cursor: Cursor): BirdFilter | null {
  const place = placeOf(cursor.peek());
  const variables: BirdVariable[] = [];
  const body = parseBlock(cursor, variables);
  return body === null
    ? null
    : { name: null, variables, body: [...body, { kind: "accept", values: [], ...place }], ...place };
}

function parseBody(cursor: Cursor): Pick<BirdFilter, "variables" | "body"> | null {
  const variables: BirdVariable[] = [];
  while (cursor.peek().kind === "word" && TYPES.has(cursor.peek().text)) {
    if (parseDeclaration(cursor, variables) === null) return null;
  }
  const body = parseBlock(cursor, variables);
  return body === null ? null : { variables, body };
}
