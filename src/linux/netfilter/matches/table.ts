import type { Match, Matches, Rule } from "../../../model/ruleset.ts";
import type { Family } from "../../../net/address.ts";
import type { CompiledMatch, MatchExtension, MatchTable } from "../extension.ts";
import { comment } from "./comment.ts";
import { mark } from "./mark.ts";
import { unmodelled } from "./unmodelled.ts";

/** Every match extension; the compiler refuses a name without an entry. */
const table: MatchTable = { comment, mark, unmodelled };

/** The extension of that name; `unmodelled` is not a name that rules can write. */
export function matchExtension<K extends keyof Matches>(name: K): MatchExtension<K> {
  return table[name];
}

/** Narrows a name found in a rule to the extensions podpath models. */
export function isModelledMatch(name: string): name is Exclude<keyof Matches, "unmodelled"> {
  return name !== "unmodelled" && Object.hasOwn(table, name);
}

export function compileMatch<K extends keyof Matches>(
  match: Match<K>,
  rule: Rule,
  family: Family,
): CompiledMatch | readonly CompiledMatch[] {
  return matchExtension<K>(match.name).compile(match.options, rule, family);
}
