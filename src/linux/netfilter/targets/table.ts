import type { Rule, TargetCall, Targets } from "../../../model/ruleset.ts";
import type { Family } from "../../../net/address.ts";
import type { TargetExtension, TargetFunction, TargetTable } from "../extension.ts";
import { MARK } from "./mark.ts";
import { unmodelled } from "./unmodelled.ts";

/** Every target extension; the compiler refuses a name without an entry. */
const table: TargetTable = { MARK, unmodelled };

export function targetExtension<K extends keyof Targets>(name: K): TargetExtension<K> {
  return table[name];
}

/** Narrows a name found in a rule to the targets podpath models. */
export function isModelledTarget(name: string): name is Exclude<keyof Targets, "unmodelled"> {
  return name !== "unmodelled" && Object.hasOwn(table, name);
}

export function compileTarget<K extends keyof Targets>(
  call: TargetCall<K>,
  rule: Rule,
  family: Family,
): TargetFunction {
  return targetExtension<K>(call.name).compile(call.options, rule, family);
}
