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
import { addressBits, prefixOf } from "../../net/prefix.ts";
import type { AsPathSegment } from "../messages/path-attributes.ts";
import { lastNotAggregated, prepend } from "../rib/as-path.ts";
import type { RibRoute } from "../rib/route.ts";
import { type Draft, isAttributeSet, readAttribute, writeAttribute } from "./attribute.ts";
import { extendedCommunity, extendedKind, highestOf } from "./extended-community.ts";
import type { FilterFault } from "./filter-fault.ts";
import type { FilterHost } from "./find-neighbour.ts";
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
}

export function filterEnvironment({ functions, filters, constants, roaTables }: BirdConfiguration): FilterEnvironment {
  return {
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
    }
  | { readonly kind: "reject" }
  | ({ readonly kind: "error" } & FilterFault);

/** Calls and steps after which a filter is taken for one that never ends; BIRD itself would hang. */
const DEEPEST = 64;
const MOST_STEPS = 100_000;

class FilterError extends Error {}
class Endless extends FilterError {}
/** A word that BIRD took when it read the configuration, and of which podpath does not know what it does. */
class Unknown extends FilterError {}

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
      return { kind: "accept", route, stored: route };
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
  const state: Run = { environment, draft: { route, stored: route }, depth: 0, steps: 0, at, runtime };
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

function fail(text: string): never {
  throw new FilterError(text);
}

function failUnknown(word: string): never {
  throw new Unknown(`podpath does not know what ${word} gives`);
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
  return readAttribute(state.draft, name) ?? failUnknown(name);
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
    return roaState(found.roas, prefix, lastOf(attributes.asPath));
  }
  if (net.type !== "prefix" || as.type !== "int") return fail("Invalid argument to roa_check()");
  return roaState(found.roas, net.value, as.value);
}

/** as_path_get_last(). */
function lastOf(path: readonly AsPathSegment[]): number {
  const last = path.at(-1);
  return last?.kind === "sequence" ? (last.numbers.at(-1) ?? 0) : 0;
}

/** What BIRD 1.6 knows behind a dot, of whatever type. */
const MEMBERS: ReadonlySet<string> = new Set(["ip", "len", "first", "last", "last_nonaggregated", "empty"]);

function member(value: Value, name: string): Value {
  if (!MEMBERS.has(name)) return failUnknown(`.${name}`);
  switch (value.type) {
    case "prefix":
      if (name === "ip") return { type: "ip", value: value.value.address };
      if (name === "len") return integer(value.value.length);
      break;
    case "path": {
      const [first] = value.value;
      if (name === "len")
        return integer(value.value.reduce((sum, { kind, numbers }) => sum + (kind === "set" ? 1 : numbers.length), 0));
      if (name === "first") return integer(first?.kind === "sequence" ? (first.numbers[0] ?? 0) : 0);
      if (name === "last") return integer(lastOf(value.value));
      if (name === "last_nonaggregated") return integer(lastNotAggregated(value.value));
      if (name === "empty") return { type: "path", value: [] };
      break;
    }
    case "clist":
      if (name === "len") return integer(value.value.length);
      if (name === "empty") return { type: "clist", value: [] };
      break;
    case "eclist":
      if (name === "len") return integer(value.value.length);
      if (name === "empty") return { type: "eclist", value: [] };
      break;
    case "lclist":
      if (name === "len") return integer(value.value.length);
      if (name === "empty") return { type: "lclist", value: [] };
      break;
    default:
      break;
  }
  return fail(`a ${value.type} has no .${name}`);
}

const METHODS: ReadonlySet<string> = new Set(["mask", "prepend", "add", "delete", "filter"]);

function applyMethod(value: Value, method: string, [argument = VOID]: readonly Value[]): Value {
  if (!METHODS.has(method)) return failUnknown(`.${method}()`);
  if (value.type === "ip" && method === "mask" && argument.type === "int") {
    return {
      type: "ip",
      value: prefixOf(value.value, Math.min(argument.value, addressBits(value.value.family))).address,
    };
  }
  if (value.type === "path") {
    if (method === "prepend" && argument.type === "int")
      return { type: "path", value: prepend(value.value, argument.value) };
    if (method === "delete" || method === "filter") {
      const drops = (as: number): boolean =>
        (argument.type === "int" ? argument.value === as : isIn(integer(as), argument) === true) ===
        (method === "delete");
      return {
        type: "path",
        value: value.value
          .map(({ kind, numbers }) => ({ kind, numbers: numbers.filter((as) => !drops(as)) }))
          .filter(({ numbers }) => numbers.length > 0),
      };
    }
  }
  if (value.type === "clist") {
    const list = value.value;
    if (method === "add" && argument.type === "pair") {
      return { type: "clist", value: list.includes(argument.value) ? list : [...list, argument.value] };
    }
    if (method === "add" && argument.type === "clist") {
      return { type: "clist", value: [...list, ...argument.value.filter((item) => !list.includes(item))] };
    }
    if (method === "delete" || method === "filter") {
      const keep = (item: number): boolean =>
        matchesItem({ type: "pair", value: item }, argument) === (method === "filter");
      return { type: "clist", value: list.filter(keep) };
    }
  }
  if (value.type === "eclist") {
    const list = value.value;
    if (method === "add" && argument.type === "ec") {
      const same = list.some((item) => item.every((part, index) => part === argument.value[index]));
      return { type: "eclist", value: same ? list : [...list, argument.value] };
    }
    if (method === "add" && argument.type === "eclist") {
      const more = argument.value.filter(([high, low]) => !list.some(([x, y]) => x === high && y === low));
      return { type: "eclist", value: [...list, ...more] };
    }
    if (method === "delete" || method === "filter") {
      const keep = (item: readonly [number, number]): boolean =>
        matchesItem({ type: "ec", value: item }, argument) === (method === "filter");
      return { type: "eclist", value: list.filter(keep) };
    }
  }
  if (value.type === "lclist") {
    const list = value.value;
    if (method === "add" && argument.type === "lclist") {
      const more = argument.value.filter(
        (item) => !list.some((known) => sameValue({ type: "lc", value: known }, { type: "lc", value: item })),
      );
      return { type: "lclist", value: [...list, ...more] };
    }
    if (method === "add" && argument.type === "lc") {
      const same = list.some((item) => item.every((part, index) => part === argument.value[index]));
      return { type: "lclist", value: same ? list : [...list, argument.value] };
    }
    if (method === "delete" || method === "filter") {
      const keep = (item: readonly [number, number, number]): boolean =>
        matchesItem({ type: "lc", value: item }, argument) === (method === "filter");
      return { type: "lclist", value: list.filter(keep) };
    }
  }
  return fail(`a ${value.type} has no .${method}() of a ${argument.type}`);
}

function matchesItem(item: Value, argument: Value): boolean {
  return argument.type === item.type ? sameValue(item, argument) : isIn(item, argument) === true;
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
