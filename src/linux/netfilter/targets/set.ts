import type { GivenOption, Parsed, TargetExtension } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, givenValue } from "../option-words.ts";
import { XT_CONTINUE } from "../verdict.ts";

/** A set and which side of the packet each of its dimensions takes. */
interface SetChange {
  readonly set: string;
  /** `src` or `dst`, one to six. */
  readonly flags: readonly string[];
}

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly SET: {
      readonly add: SetChange | null;
      readonly exist: boolean;
      /** Seconds; null when absent. */
      readonly timeout: number | null;
      readonly del: SetChange | null;
    };
  }
}

/**
 * `-j SET --add-set|--del-set` (net/netfilter/xt_set.c): always goes on. Members that packets add or take away are not
 * kept: answers that cross such a rule rest on the sets being as dumped, and say so.
 */
export const SET: TargetExtension<"SET"> = {
  options: {
    "add-set": { values: 2, negatable: false },
    "del-set": { values: 2, negatable: false },
    exist: { values: 0, negatable: false },
    timeout: { values: 1, negatable: false },
  },
  parse(given) {
    const add = parseChange(given, "add-set");
    const del = parseChange(given, "del-set");
    if ("problem" in add) return add;
    if ("problem" in del) return del;
    if (add.value === null && del.value === null) return { problem: "expected --add-set or --del-set" };
    const text = givenValue(given, "timeout");
    const timeout = text === null ? null : parseNumber(text, 0xffffffff);
    if (text !== null && timeout === null) return { problem: "expected --timeout seconds" };
    return { value: { add: add.value, exist: givenOption(given, "exist") !== undefined, timeout, del: del.value } };
  },
  print: (options) => [
    ...printChange("--add-set", options.add),
    ...(options.exist ? ["--exist"] : []),
    ...(options.timeout === null ? [] : ["--timeout", String(options.timeout)]),
    ...printChange("--del-set", options.del),
  ],
  compile(options) {
    const names = [options.add, options.del].flatMap((change) => (change === null ? [] : [change.set]));
    const assumption = `sets that -j SET changes while packets pass (${names.join(", ")}) stay as dumped`;
    return (_skb, runtime) => {
      runtime.services.assume(runtime, "rules", assumption);
      return XT_CONTINUE;
    };
  },
};

function parseChange(given: readonly GivenOption[], name: string): Parsed<SetChange | null> {
  const option = given.find((candidate) => candidate.name === name);
  if (option === undefined) return { value: null };
  const [set, flags] = option.values;
  const list = (flags ?? "").split(",");
  if (set === undefined || list.length > 6 || !list.every((flag) => flag === "src" || flag === "dst")) {
    return { problem: `expected --${name} name src|dst[,src|dst...]` };
  }
  return { value: { set, flags: list } };
}

function printChange(option: string, change: SetChange | null): readonly string[] {
  return change === null ? [] : [option, change.set, change.flags.join(",")];
}
