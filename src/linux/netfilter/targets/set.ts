import type { SetSkbInfo } from "../../../model/ip-set.ts";
import type { GivenOption, Parsed, TargetExtension } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, givenValue } from "../option-words.ts";
import { setAdd, setDelete } from "../set-change.ts";
import type { SetSides } from "../set-query.ts";
import { isKnownSet, type SetAnswer, type SetTest, setHolds } from "../set-test.ts";
import { XT_CONTINUE } from "../verdict.ts";

/** A set and which side of the packet each of its dimensions takes. */
interface SetChange {
  readonly set: string;
  readonly flags: SetSides;
}

interface SetMap extends SetChange {
  readonly mark: boolean;
  readonly priority: boolean;
  readonly queue: boolean;
}

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly SET: {
      readonly add: SetChange | null;
      readonly exist: boolean;
      /** Seconds; null when absent. */
      readonly timeout: number | null;
      readonly del: SetChange | null;
      readonly map: SetMap | null;
    };
  }
}

/** UINT_MAX / 1000 of the set, less what the tool keeps for "the set's own". */
const MAX_TIMEOUT = 0xfffffffe;
const MAX_DIMENSIONS = 6;

/**
 * `-j SET` (net/netfilter/xt_set.c set_target_v3): adds, deletes, maps, in this order, and always goes on. Members that
 * come and go stay with the host's runtime (`set-state.ts`); a set that was not dumped cannot change, and the answer says so.
 */
export const SET: TargetExtension<"SET"> = {
  options: {
    "add-set": { values: 2, negatable: false },
    "del-set": { values: 2, negatable: false },
    "map-set": { values: 2, negatable: false },
    exist: { values: 0, negatable: false },
    timeout: { values: 1, negatable: false },
    "map-mark": { values: 0, negatable: false },
    "map-prio": { values: 0, negatable: false },
    "map-queue": { values: 0, negatable: false },
  },
  parse(given) {
    const add = parseChange(given, "add-set");
    const del = parseChange(given, "del-set");
    const mapped = parseChange(given, "map-set");
    if ("problem" in add) return add;
    if ("problem" in del) return del;
    if ("problem" in mapped) return mapped;
    if (add.value === null && del.value === null && mapped.value === null) {
      return { problem: "expected --add-set, --del-set or --map-set" };
    }
    const text = givenValue(given, "timeout");
    const timeout = text === null ? null : parseNumber(text, MAX_TIMEOUT);
    if (text !== null && timeout === null) return { problem: `expected --timeout seconds, 0 to ${MAX_TIMEOUT}` };
    const exist = givenOption(given, "exist") !== undefined;
    if (add.value === null && (exist || timeout !== null)) {
      return { problem: "--exist and --timeout go with --add-set only" };
    }
    const has = (name: string): boolean => givenOption(given, name) !== undefined;
    const flags = { mark: has("map-mark"), priority: has("map-prio"), queue: has("map-queue") };
    const mapping = flags.mark || flags.priority || flags.queue;
    if ((mapped.value !== null) !== mapping) {
      return { problem: "--map-set needs --map-mark, --map-prio or --map-queue, and they need it" };
    }
    const map = mapped.value === null ? null : { ...mapped.value, ...flags };
    return { value: { add: add.value, exist, timeout, del: del.value, map } };
  },
  print: ({ add, exist, timeout, del, map }) => [
    ...printChange("--add-set", add),
    ...(exist ? ["--exist"] : []),
    ...(timeout === null ? [] : ["--timeout", String(timeout)]),
    ...printChange("--del-set", del),
    ...printChange("--map-set", map),
    ...(map?.mark === true ? ["--map-mark"] : []),
    ...(map?.priority === true ? ["--map-prio"] : []),
    ...(map?.queue === true ? ["--map-queue"] : []),
  ],
  compile({ add, exist, timeout, del, map }) {
    const mapTest = map === null ? null : mapTestOf(map);
    return (skb, runtime) => {
      const { ipSets } = runtime.host;
      const unknown = (name: string): void => {
        runtime.services.assume(
          runtime,
          "set-target-irrelevant",
          `-j SET changes nothing that matters in set ${name}, which was not dumped`,
        );
      };
      if (add !== null) {
        const set = ipSets.get(add.set);
        if (isKnownSet(set)) setAdd(runtime, set, { sides: add.flags, exist, timeout }, skb);
        else unknown(add.set);
      }
      if (del !== null) {
        const set = ipSets.get(del.set);
        if (isKnownSet(set)) setDelete(runtime, set, del.flags, skb);
        else unknown(del.set);
      }
      if (map === null || mapTest === null) return XT_CONTINUE;
      const answer: SetAnswer = { info: null };
      if (setHolds(runtime, mapTest, skb, answer) && map.mark) skb.mark = mappedMark(skb.mark, answer.info);
      return XT_CONTINUE;
    };
  },
};

function mapTestOf({ set, flags }: SetMap): SetTest {
  return {
    name: set,
    sides: flags,
    returnNomatch: false,
    updateCounters: true,
    updateSubcounters: true,
    packets: null,
    bytes: null,
  };
}

function mappedMark(mark: number, info: SetSkbInfo | null): number {
  return info === null ? mark : ((mark & ~info.mark.mask) ^ info.mark.value) >>> 0;
}

function parseChange(given: readonly GivenOption[], name: string): Parsed<SetChange | null> {
  const option = given.find((candidate) => candidate.name === name);
  if (option === undefined) return { value: null };
  const [set, flags] = option.values;
  const list: ("src" | "dst")[] = [];
  for (const flag of (flags ?? "").split(",")) {
    if (flag !== "src" && flag !== "dst") return { problem: `expected --${name} name src|dst[,src|dst...]` };
    list.push(flag);
  }
  if (set === undefined || list.length > MAX_DIMENSIONS) {
    return { problem: `expected --${name} name with at most ${MAX_DIMENSIONS} of src and dst` };
  }
  return { value: { set, flags: list } };
}

function printChange(option: string, change: SetChange | null): readonly string[] {
  return change === null ? [] : [option, change.set, change.flags.join(",")];
}
