import type { HostRuntime } from "../runtime.ts";

/** State that match extensions keep per rule (`nth`, `limit`) or per name (`recent`), by extension; augmented by each. */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging, one member per extension file
export interface MatchStates {}

/** Keys are the rule's options object, or a name shared by several rules. */
export type MatchStateTables = { readonly [K in keyof MatchStates]: Map<object | string, MatchStates[K]> };

/** No state at all: as after a ruleset load. The compiler refuses an extension that is missing here. */
export function emptyMatchStates(): MatchStateTables {
  return {
    CT: new Map(),
    connlimit: new Map(),
    hashlimit: new Map(),
    limit: new Map(),
    quota: new Map(),
    recent: new Map(),
    statistic: new Map(),
  };
}

/** The state under `key`, made by `initial` the first time. */
export function matchState<K extends keyof MatchStates>(
  runtime: HostRuntime,
  extension: K,
  key: object | string,
  initial: () => MatchStates[K],
): MatchStates[K] {
  const table: Map<object | string, MatchStates[K]> = runtime.matchStates[extension];
  const known = table.get(key);
  if (known !== undefined) return known;
  const state = initial();
  table.set(key, state);
  return state;
}
