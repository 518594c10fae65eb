import type { BirdExpression } from "../../model/bird/filter.ts";
import type { Address } from "../../net/address.ts";
import { type Cursor, MOST_NESTED } from "./cursor.ts";
import { parseExpression } from "./expression.ts";

/** Where a number may stand among settings: a numeral, a symbol of `define`, or a term in parentheses (`expr` of conf/confbase.Y). Null: none. */
export function takeNumber(cursor: Cursor): number | null {
  const token = cursor.peek();
  if (token.kind === "number") return Number(cursor.next().text);
  if (token.kind === "word") {
    const value = numberOf({ kind: "name", name: token.text, origin: token.origin, column: token.column }, cursor, 0);
    if (value !== null) cursor.next();
    return value;
  }
  if (!cursor.at("(")) return null;
  const term = parseExpression(cursor);
  return term === null ? null : numberOf(term, cursor, 0);
}

/** True where takeNumber() finds one. */
export function isNumber(cursor: Cursor, ahead: number): boolean {
  const token = cursor.peek(ahead);
  if (token.kind === "number" || cursor.at("(", ahead)) return true;
  const constant = token.kind === "word" ? cursor.constants.get(token.text) : undefined;
  return constant !== undefined && numberOf(constant, cursor, 0) !== null;
}

/** An address, or a symbol that stands for one. Null: none is here. */
export function takeAddress(cursor: Cursor): Address | null {
  const token = cursor.peek();
  const constant = token.kind === "word" ? meantBy(token.text, cursor) : null;
  const address = token.address ?? (constant?.kind === "address" ? constant.value : null);
  if (address !== null) cursor.next();
  return address;
}

/** A text in quotes, or a symbol that stands for one. Null: none is here. */
export function takeText(cursor: Cursor): string | null {
  const token = cursor.peek();
  const constant = token.kind === "word" ? meantBy(token.text, cursor) : null;
  const text = token.kind === "string" ? token.text : constant?.kind === "string" ? constant.value : null;
  if (text !== null) cursor.next();
  return text;
}

/** What stands behind a symbol of `define`, through others that name it. */
function meantBy(name: string, cursor: Cursor): BirdExpression | null {
  let found = cursor.constants.get(name);
  for (let depth = 0; found?.kind === "name" && depth < MOST_NESTED; depth++) found = cursor.constants.get(found.name);
  return found ?? null;
}

/** What `define` made of numbers alone; BIRD works it out as it reads. */
function numberOf(expression: BirdExpression, cursor: Cursor, depth: number): number | null {
  if (depth > MOST_NESTED) return null;
  switch (expression.kind) {
    case "number":
      return expression.value;
    case "name": {
      const known = cursor.constants.get(expression.name);
      return known === undefined ? null : numberOf(known, cursor, depth + 1);
    }
    case "binary": {
      const left = numberOf(expression.left, cursor, depth + 1);
      const right = numberOf(expression.right, cursor, depth + 1);
      return left === null || right === null ? null : calculated(expression.operator, left, right);
    }
    default:
      return null;
  }
}

function calculated(operator: string, left: number, right: number): number | null {
  switch (operator) {
    case "+":
      return (left + right) >>> 0;
    case "-":
      return (left - right) >>> 0;
    case "*":
      return Math.imul(left, right) >>> 0;
    case "/":
      return right === 0 ? null : Math.floor(left / right);
    default:
      return null;
  }
}
