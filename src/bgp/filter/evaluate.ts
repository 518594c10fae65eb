import type { BirdConfiguration, BirdFilterUse, BirdRoaTable } from "../../model/bird/configuration.ts";
import type {
  BirdExpression,
  BirdFilter,
  BirdFunction,
  BirdPlace,
  BirdSetElement,
  BirdStatement,
  BirdVariable,
} from "../../model/bird/filter.ts";
import { NO_ORIGIN } from "../../model/origin.ts";
import { lastAs } from "../rib/as-path.ts";
import type { RibRoute } from "../rib/route.ts";
import { type Draft, isAttributeSet, readAttribute, writeAttribute } from "./attribute.ts";
import { extendedCommunity, extendedKind, highestOf } from "./extended-community.ts";
import { Endless, FilterError, fail, failUnknown, Unknown } from "./filter-error.ts";
import type { FilterFault } from "./filter-fault.ts";
import type { FilterHost } from "./find-neighbour.ts";
import { applyMethod, member } from "./members.ts";
import { inSet, isIn } from "./membership.ts";
import { roaState } from "./roa.ts";
import { boolean, compareValues, integer, type MaskItem, type SetItem, sameValue, type Value, VOID } from "./value.ts";
import { writeWay } from "./write-way.ts";

/** What the filters of a configuration refer to. */
export interface FilterEnvironment {
  readonly functions: ReadonlyMap<string, BirdFunction>;
  readonly filters: ReadonlyMap<string, BirdFilter>;
  readonly constants: ReadonlyMap<string, BirdExpression>;
  readonly roaTables: ReadonlyMap<string, BirdRoaTable>;
  /** Of BIRD, whose language differs. */
  readonly release: BirdConfiguration["syntax"];
}

export function filterEnvironment({
  functions,
  filters,
  constants,
  roaTables,
  syntax: release,
}: BirdConfiguration): FilterEnvironment {
  return {
    release,
    functions: new Map(functions.map((item) => [item.name, item])),
    filters: new Map(filters.flatMap((item) => (item.name === null ? [] : [[item.name, item]]))),
    constants: new Map(constants.map(({ name, value }) => [name, value])),
    roaTables: new Map(roaTables.map((item) => [item.name, item])),
  };
}

/** What became of a route in a filter. An error of the filter itself rejects the route (F_ERROR). */
export type FilterVerdict =
  | {
      readonly kind: "accept";
      /** For whom a route is exported to. */
      readonly route: RibRoute;
      /** For the table that a route is imported into. */
      readonly stored: RibRoute;
      /** Attributes that the filter has set (`FRESH` of attribute.ts); null: none of them. */
      readonly fresh: ReadonlySet<string> | null;
    }
  | { readonly kind: "reject" }
  | ({ readonly kind: "error" } & FilterFault);

/** Calls and steps after which a filter is taken for one that never ends; BIRD itself would hang. */
const DEEPEST = 64;
const MOST_STEPS = 100_000;

/** How a statement list ended. */
type Flow = "on" | "accept" | "reject" | { readonly returned: Value };

interface Run {
  readonly environment: FilterEnvironment;
  readonly draft: Draft;
  depth: number;
  steps: number;
  /** The statement that is being run. */
  at: BirdPlace;
  readonly runtime: FilterHost;
}

type Scope = Map<string, Value>;

/** Runs what decides about the routes of a channel (f_run of filter/filter.c, BIRD 1.6). */
export function runFilter(
  use: BirdFilterUse,
  route: RibRoute,
  environment: FilterEnvironment,
  runtime: FilterHost,
): FilterVerdict {
  switch (use.kind) {
    case "all":
      return { kind: "accept", route, stored: route, fresh: null };
    case "none":
      return { kind: "reject" };
    case "named": {
      const filter = environment.filters.get(use.name);
      return filter === undefined
        ? { kind: "error", text: `no filter ${use.name}`, isUnknown: true, ...NOWHERE }
        : run(environment, route, runtime, filter, (state) =>
            runStatements(state, filter.body, declare(filter.variables)),
          );
    }
    case "inline":
      return run(environment, route, runtime, use.filter, (state) =>
        runStatements(state, use.filter.body, declare(use.filter.variables)),
      );
    case "where":
      return run(environment, route, runtime, use.condition, (state) =>
        truth(evaluate(state, use.condition, new Map())) ? "accept" : "reject",
      );
  }
}

/** Of what no configuration says. */
const NOWHERE: BirdPlace = { origin: NO_ORIGIN, column: 1 };

function run(
  environment: FilterEnvironment,
  route: RibRoute,
  runtime: FilterHost,
  at: BirdPlace,
  body: (state: Run) => Flow,
): FilterVerdict {
  const state: Run = { environment, draft: { route, stored: route, fresh: null }, depth: 0, steps: 0, at, runtime };
  try {
    const flow = body(state);
    if (flow === "accept") return { kind: "accept", ...state.draft };
    if (flow === "reject") return { kind: "reject" };
    return faulty("the filter came to its end without accept or reject", at);
  } catch (error) {
    // accept and reject of a function that an expression calls.
    if (error instanceof Ended) {
      return error.flow === "accept" ? { kind: "accept", ...state.draft } : { kind: "reject" };
    }
    if (error instanceof Endless) return { ...faulty(error.message, state.at), isEndless: true };
    if (error instanceof Unknown) return { ...faulty(error.message, state.at), isUnknown: true };
    if (error instanceof FilterError) return faulty(error.message, state.at);
    throw error;
  }
}

function faulty(text: string, { origin, column }: BirdPlace): FilterVerdict & { readonly kind: "error" } {
  return { kind: "error", text, origin, column };
}

class Ended extends Error {
  readonly flow: "accept" | "reject";
  constructor(flow: "accept" | "reject") {
    super(flow);
    this.flow = flow;
  }
}

/** Nothing is ever put into a scope but arguments and values of what was declared in it. */
const NOTHING_DECLARED: Scope = new Map();

function declare(variables: readonly BirdVariable[]): Scope {
  if (variables.length === 0) return NOTHING_DECLARED;
  return new Map(variables.map(({ name, type }) => [name, initial(type)]));
}

function initial(type: string): Value {
  if (type === "clist") return { type: "clist", value: [] };
  if (type === "eclist") return { type: "eclist", value: [] };
  if (type === "lclist") return { type: "lclist", value: [] };
  if (type === "bgppath") return { type: "path", value: [] };
  return VOID;
}

function runStatements(state: Run, statements: readonly BirdStatement[], scope: Scope): Flow {
  for (let index = 0; index < statements.length; index++) {
    const statement = statements[index];
    const flow = statement === undefined ? "on" : runStatement(state, statement, scope);
    if (flow !== "on") return flow;
  }
  return "on";
}

function runStatement(state: Run, statement: BirdStatement, scope: Scope): Flow {
  state.at = statement;
  if (++state.steps > MOST_STEPS) throw new Endless("the filter does not end");
  switch (statement.kind) {
    case "block":
      return runStatements(state, statement.statements, scope);
    case "if": {
      const holds = truth(evaluate(state, statement.condition, scope));
      if (holds) return runStatement(state, statement.body, scope);
      return statement.otherwise === null ? "on" : runStatement(state, statement.otherwise, scope);
    }
    case "assign": {
      const { target } = statement;
      if (target.kind !== "name") return fail("only variables and attributes can be set");
      const value = evaluate(state, statement.value, scope);
      if (scope.has(target.name)) scope.set(target.name, value);
      else setAttribute(state, target.name, value);
      return "on";
    }
    case "expression":
      return runExpression(state, statement.expression, scope);
    case "accept":
    case "reject":
      return statement.kind;
    // F_ERROR without a word in the log: somebody wrote that it ends so
    case "error":
      return "reject";
    case "return":
      return { returned: statement.value === null ? VOID : evaluate(state, statement.value, scope) };
    case "unset":
      if (statement.attribute.kind !== "name" || !writeAttribute(state.draft, statement.attribute.name, VOID)) {
        fail("only attributes can be unset");
      }
      return "on";
    case "case": {
      const value = evaluate(state, statement.of, scope);
      const branch = statement.branches.find(({ values }) => {
        if (values === null) return true;
        const set = values.map((item) => setItem(state, item, scope));
        return value.type !== "void" && inSet(value, set);
      });
      return branch === undefined ? "on" : runStatements(state, branch.statements, scope);
    }
    case "print":
    case "empty":
      return "on";
  }
}

function setAttribute({ draft, runtime }: Run, name: string, value: Value): void {
  const written = writeWay(draft, runtime, name, value);
  if (typeof written === "string") fail(written);
  if (written === null && (value.type === "void" || !writeAttribute(draft, name, value))) {
    fail(`${name} cannot be set to a ${value.type}`);
  }
}

/** A call or method as a statement: a method changes the attribute or variable it is of. */
function runExpression(state: Run, expression: BirdExpression, scope: Scope): Flow {
  const empties = expression.kind === "member" && expression.member === "empty";
  if ((expression.kind === "method" || empties) && expression.of.kind === "name") {
    const { name } = expression.of;
    const value = evaluate(state, expression, scope);
    if (scope.has(name)) scope.set(name, value);
    else if (!writeAttribute(state.draft, name, value)) fail(`${name} cannot be set to a ${value.type}`);
    return "on";
  }
  if (expression.kind === "call") {
    const flow = call(state, expression.name, expression.arguments, scope);
    return typeof flow === "object" ? "on" : flow;
  }
  evaluate(state, expression, scope);
  return "on";
}

function call(state: Run, name: string, given: readonly BirdExpression[], scope: Scope): Flow {
  const called = state.environment.functions.get(name);
  if (called === undefined) return failUnknown(`${name}()`);
  if (called.parameters.length !== given.length) return fail(`${name}() takes ${called.parameters.length} arguments`);
  if (++state.depth > DEEPEST) throw new Endless(`${name}() calls itself without end`);
  const { parameters, variables } = called;
  const inner = parameters.length === 0 ? declare(variables) : new Map(declare(variables));
  for (let index = 0; index < parameters.length; index++) {
    const parameter = parameters[index];
    const argument = given[index];
    if (parameter !== undefined && argument !== undefined) inner.set(parameter.name, evaluate(state, argument, scope));
  }
  const { at } = state;
  const flow = runStatements(state, called.body, inner);
  state.at = at;
  state.depth--;
  return flow;
}

function truth(value: Value): boolean {
  return value.type === "bool" ? value.value : fail(`a ${value.type} stands where true or false is wanted`);
}

function evaluate(state: Run, expression: BirdExpression, scope: Scope): Value {
  switch (expression.kind) {
    case "number":
      return integer(expression.value);
    case "boolean":
      return boolean(expression.value);
    case "string":
      return { type: "string", value: expression.value };
    case "address":
      return { type: "ip", value: expression.value };
    case "prefix":
      return { type: "prefix", value: expression.value };
    case "tuple": {
      const [first, key, last] = expression.parts;
      const kind = extendedKind(first);
      if (kind !== null && key !== undefined && last !== undefined) {
        return extended(kind, evaluate(state, key, scope), whole(evaluate(state, last, scope)));
      }
      return tuple(expression.parts.map((part) => whole(evaluate(state, part, scope))));
    }
    case "set":
      return { type: "set", value: expression.elements.map((item) => setItem(state, item, scope)) };
    case "empty":
      return { type: expression.of, value: [] };
    case "path-mask":
      return { type: "mask", value: expression.elements.map((item) => maskItem(state, item, scope)) };
    case "name":
      return named(state, expression.name, scope);
    case "member":
      return member(evaluate(state, expression.of, scope), expression.member);
    case "method": {
      const given = expression.arguments.map((item) => evaluate(state, item, scope));
      return applyMethod(evaluate(state, expression.of, scope), expression.method, given);
    }
    case "call": {
      if (expression.name === "roa_check") return roaCheck(state, expression.arguments, scope);
      const flow = call(state, expression.name, expression.arguments, scope);
      if (typeof flow === "object") return flow.returned;
      if (flow === "on") return VOID;
      throw new Ended(flow);
    }
    case "defined": {
      const { of } = expression;
      const known = of.kind === "name" && !scope.has(of.name) ? isAttributeSet(state.draft, of.name) : null;
      return boolean(known ?? evaluate(state, of, scope).type !== "void");
    }
    case "not":
      return boolean(!truth(evaluate(state, expression.of, scope)));
    case "negative":
      return integer(-whole(evaluate(state, expression.of, scope)));
    case "binary":
      return binary(state, expression, scope);
  }
}

function whole(value: Value): number {
  return value.type === "int" ? value.value : fail(`a ${value.type} stands where a number is wanted`);
}

function extended(kind: string, key: Value, last: number): Value {
  const value = extendedCommunity(kind, key, last);
  return value === null ? fail("an extended community has no room for these numbers") : { type: "ec", value };
}

function tuple(parts: readonly number[]): Value {
  const [a = 0, b = 0, c = 0] = parts;
  if (parts.length === 3) return { type: "lc", value: [a, b, c] };
  if (a > 0xffff || b > 0xffff) fail("a community has numbers of 16 bits");
  return { type: "pair", value: ((a << 16) | b) >>> 0 };
}

function named(state: Run, name: string, scope: Scope): Value {
  const local = scope.get(name);
  if (local !== undefined) return local;
  const constant = state.environment.constants.get(name);
  if (constant !== undefined) {
    if (++state.depth > DEEPEST) fail(`${name} is made of itself`);
    const value = evaluate(state, constant, new Map());
    state.depth--;
    return value;
  }
  const value = readAttribute(state.draft, name) ?? failUnknown(name);
  return state.environment.release === "2" ? inBird2(name, value) : value;
}

/** A path that is not there looks like an empty one, and the origin is one of ORIGIN_* (filter/f-inst.c of BIRD 2.0.12). */
function inBird2(name: string, value: Value): Value {
  if (name === "bgp_path" && value.type === "void") return { type: "path", value: [] };
  if (name === "bgp_origin" && value.type === "int") return { type: "enum", of: "origin", value: value.value };
  return value;
}

/** `roa_check(T)`, `roa_check(T, net, bgp_path.last)`: of the route's own origin where none is given. */
function roaCheck(state: Run, [table, ...given]: readonly BirdExpression[], scope: Scope): Value {
  const found = table?.kind === "name" ? state.environment.roaTables.get(table.name) : undefined;
  // a table of BIRD 2, which RPKI or a static protocol fills
  if (found === undefined) return failUnknown("roa_check()");
  const [net, as] = given.map((item) => evaluate(state, item, scope));
  if (net === undefined || as === undefined) {
    const { prefix, attributes } = state.draft.route;
    if (attributes?.asPath == null) return fail("Missing AS_PATH attribute");
    return roaState(found.roas, prefix, lastAs(attributes.asPath) ?? 0);
  }
  if (net.type !== "prefix" || as.type !== "int") return fail("Invalid argument to roa_check()");
  return roaState(found.roas, net.value, as.value);
}

function setItem(state: Run, element: BirdSetElement, scope: Scope): SetItem {
  switch (element.kind) {
    case "value": {
      const value = evaluate(state, element.value, scope);
      if (value.type === "prefix") {
        return { kind: "prefixes", prefix: value.value, low: value.value.length, high: value.value.length };
      }
      return { kind: "range", low: value, high: value };
    }
    case "range":
      return { kind: "range", low: evaluate(state, element.low, scope), high: evaluate(state, element.high, scope) };
    case "prefixes":
      return element;
    case "tuples": {
      const [first, middle, last] = element.parts;
      const kind = extendedKind(first?.low);
      if (kind !== null && middle != null) {
        const key = evaluate(state, middle.low, scope);
        const end = (of: BirdExpression | undefined, otherwise: number): number =>
          of === undefined ? otherwise : whole(evaluate(state, of, scope));
        const low = extended(kind, key, end(last?.low, 0));
        return { kind: "range", low, high: extended(kind, key, end(last?.high, highestOf(kind, key))) };
      }
      return {
        kind: "tuples",
        parts: element.parts.map((part) =>
          part === null ? null : [whole(evaluate(state, part.low, scope)), whole(evaluate(state, part.high, scope))],
        ),
      };
    }
  }
}

function maskItem(
  state: Run,
  element: (BirdExpression & { kind: "path-mask" })["elements"][number],
  scope: Scope,
): MaskItem {
  switch (element.kind) {
    case "any":
    case "any-number-of":
      return element;
    case "as": {
      const as = whole(evaluate(state, element.as, scope));
      return { kind: "range", low: as, high: as };
    }
    case "range":
      return {
        kind: "range",
        low: whole(evaluate(state, element.low, scope)),
        high: whole(evaluate(state, element.high, scope)),
      };
    case "set": {
      const set = evaluate(state, element.set, scope);
      return set.type === "set" ? { kind: "set", set: set.value } : fail("a set of AS numbers is wanted");
    }
  }
}

function binary(state: Run, { operator, left, right }: BirdExpression & { kind: "binary" }, scope: Scope): Value {
  const x = evaluate(state, left, scope);
  if (operator === "&&") return truth(x) ? boolean(truth(evaluate(state, right, scope))) : boolean(false);
  if (operator === "||") return truth(x) ? boolean(true) : boolean(truth(evaluate(state, right, scope)));
  const y = evaluate(state, right, scope);
  switch (operator) {
    case "=":
      return boolean(sameValue(x, y));
    case "!=":
      return boolean(!sameValue(x, y));
    case "~":
    case "!~": {
      const inside = isIn(x, y);
      if (inside === null) return fail(`${operator} between a ${x.type} and a ${y.type}`);
      return boolean(inside === (operator === "~"));
    }
    case "<":
    case "<=":
    case ">":
    case ">=": {
      const order = compareValues(x, y);
      if (order === null) return fail(`${operator} between a ${x.type} and a ${y.type}`);
      if (operator === "<") return boolean(order < 0);
      if (operator === "<=") return boolean(order <= 0);
      return boolean(operator === ">" ? order > 0 : order >= 0);
    }
    case "+":
      return integer((whole(x) + whole(y)) >>> 0);
    case "-":
      return integer((whole(x) - whole(y)) >>> 0);
    case "*":
      return integer(Math.imul(whole(x), whole(y)) >>> 0);
    case "/":
      return whole(y) === 0 ? fail("a division by zero") : integer(Math.floor(whole(x) / whole(y)));
  }
}
