import type {
  BirdExpression,
  BirdFilter,
  BirdFunction,
  BirdPathMaskElement,
  BirdSetElement,
  BirdStatement,
  BirdVariable,
} from "../../model/bird/filter.ts";
import { formatAddress } from "../../net/address.ts";
import { addressBits, formatPrefix } from "../../net/prefix.ts";

/** `function f(bool x) int y; { … }` as BIRD reads it. */
export function printFunction({ name, parameters, variables, body }: BirdFunction): string {
  const given = parameters.map(({ type, name: parameter }) => `${type} ${parameter}`).join("; ");
  return `function ${printName(name)}(${given})\n${printBody(variables, body)}`;
}

/** `filter f { … }`; without its name, what stands behind `import filter`. */
export function printFilter({ name, variables, body }: BirdFilter): string {
  const head = name === null ? "" : `filter ${printName(name)}\n`;
  return `${head}${printBody(variables, body)}`;
}

function printBody(variables: readonly BirdVariable[], body: readonly BirdStatement[]): string {
  const declared = variables.map(({ type, name }) => `${type} ${name};\n`).join("");
  return `${declared}{\n${indented(body)}}\n`;
}

function indented(statements: readonly BirdStatement[]): string {
  const text = statements.map(printStatement).join("");
  return text.replace(/^(?=.)/gm, "  ");
}

/** One statement with its line end. */
export function printStatement(statement: BirdStatement): string {
  switch (statement.kind) {
    case "block":
      return `{\n${indented(statement.statements)}}\n`;
    case "if": {
      const otherwise = statement.otherwise === null ? "" : `else ${printStatement(statement.otherwise)}`;
      return `if ${printExpression(statement.condition)} then ${printStatement(statement.body)}${otherwise}`;
    }
    case "assign":
      return `${printExpression(statement.target)} = ${printExpression(statement.value)};\n`;
    case "expression":
      return `${printExpression(statement.expression)};\n`;
    case "accept":
    case "reject":
    case "error":
      return `${statement.kind}${statement.values.length === 0 ? "" : ` ${statement.values.map(printExpression).join(", ")}`};\n`;
    case "return":
      return `return${statement.value === null ? "" : ` ${printExpression(statement.value)}`};\n`;
    case "print":
      return `${statement.newLine ? "print" : "printn"} ${statement.values.map(printExpression).join(", ")};\n`;
    case "unset":
      return `unset(${printExpression(statement.attribute)});\n`;
    case "case": {
      const branches = statement.branches.map(({ values, statements }) => {
        const label = values === null ? "else" : values.map(printElement).join(", ");
        return `${label}: ${statements.map(printStatement).join("")}`;
      });
      return `case ${printExpression(statement.of)} {\n${branches.join("")}}\n`;
    }
    case "empty":
      return ";\n";
  }
}

const EMPTIES = { path: "+empty+", clist: "-empty-", eclist: "--empty--", lclist: "---empty---" };

/** An expression, with parentheses wherever one operator stands within another. */
export function printExpression(expression: BirdExpression): string {
  switch (expression.kind) {
    case "number":
      return String(expression.value);
    case "boolean":
      return expression.value ? "true" : "false";
    case "string":
      return `"${expression.value}"`;
    case "address":
      return formatAddress(expression.value);
    case "prefix":
      return formatPrefix(expression.value);
    case "tuple":
      return `(${expression.parts.map(printExpression).join(", ")})`;
    case "set":
      return `[ ${expression.elements.map(printElement).join(", ")} ]`;
    case "empty":
      return EMPTIES[expression.of];
    case "path-mask":
      return `[= ${expression.elements.map(printMaskElement).join(" ")} =]`;
    case "name":
      return printName(expression.name);
    case "member":
      return `${printExpression(expression.of)}.${expression.member}`;
    case "method":
      return `${printExpression(expression.of)}.${expression.method}(${expression.arguments.map(printExpression).join(", ")})`;
    case "call":
      return `${printName(expression.name)}(${expression.arguments.map(printExpression).join(", ")})`;
    case "defined":
      return `defined(${printExpression(expression.of)})`;
    case "not":
      return `!${operand(expression.of)}`;
    case "negative":
      return `-${operand(expression.of)}`;
    case "binary":
      return `${operand(expression.left)} ${expression.operator} ${operand(expression.right)}`;
  }
}

function operand(expression: BirdExpression): string {
  const text = printExpression(expression);
  const { kind } = expression;
  return kind === "binary" || kind === "negative" || kind === "empty" ? `(${text})` : text;
}

/** Names with other characters than letters, digits and `_` stand in single quotes. */
function printName(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : `'${name}'`;
}

function printElement(element: BirdSetElement): string {
  switch (element.kind) {
    case "value":
      return printExpression(element.value);
    case "range":
      return `${printExpression(element.low)}..${printExpression(element.high)}`;
    case "prefixes": {
      const { prefix, low, high } = element;
      if (low === prefix.length && high === addressBits(prefix.address.family)) return `${formatPrefix(prefix)}+`;
      return `${formatPrefix(prefix)}{${low},${high}}`;
    }
    case "tuples":
      return `(${element.parts.map((part) => (part === null ? "*" : part.low === part.high ? printExpression(part.low) : `${printExpression(part.low)}..${printExpression(part.high)}`)).join(", ")})`;
  }
}

function printMaskElement(element: BirdPathMaskElement): string {
  switch (element.kind) {
    case "any-number-of":
      return "*";
    case "any":
      return "?";
    case "as":
      return element.as.kind === "number" || element.as.kind === "name"
        ? printExpression(element.as)
        : `(${printExpression(element.as)})`;
    case "range":
      return `${printExpression(element.low)}..${printExpression(element.high)}`;
    case "set":
      return printExpression(element.set);
  }
}
