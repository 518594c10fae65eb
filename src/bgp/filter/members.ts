import { addressBits, prefixOf } from "../../net/prefix.ts";
import { lastAs, lastNotAggregated, prepend } from "../rib/as-path.ts";
import { fail, failUnknown } from "./filter-error.ts";
import { isIn } from "./membership.ts";
import { integer, sameValue, type Value, VOID } from "./value.ts";

/** What BIRD 1.6 knows behind a dot, of whatever type. */
const MEMBERS: ReadonlySet<string> = new Set(["ip", "len", "first", "last", "last_nonaggregated", "empty"]);

/** What stands behind the dot of a value: `net.len`, `bgp_path.first`. */
export function member(value: Value, name: string): Value {
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
      if (name === "last") return integer(lastAs(value.value) ?? 0);
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

/** What a method makes of a value: `bgp_path.prepend(1)`, `bgp_community.add((1, 2))`. The value itself stays as it is. */
export function applyMethod(value: Value, method: string, [argument = VOID]: readonly Value[]): Value {
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
