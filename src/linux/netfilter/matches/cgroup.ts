import type { Matches } from "../../../model/ruleset.ts";
import type { MatchExtension } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, optionWords } from "../option-words.ts";
import { askMatch } from "./unknown-match.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    /** A class id of the net_cls controller, or a path in the unified hierarchy. */
    readonly cgroup: { readonly group: number | string; readonly invert: boolean };
  }
}

function words({ group, invert }: Matches["cgroup"]): readonly string[] {
  return typeof group === "number" ? optionWords("cgroup", invert, String(group)) : optionWords("path", invert, group);
}

/**
 * `-m cgroup` (net/netfilter/xt_cgroup.c): the control group of the sending process: a question for packets this host
 * sends; others do not match, negated or not.
 */
export const cgroup: MatchExtension<"cgroup"> = {
  options: { cgroup: { values: 1, negatable: true }, path: { values: 1, negatable: true } },
  parse(given) {
    const byId = givenOption(given, "cgroup");
    const byPath = givenOption(given, "path");
    const option = byId ?? byPath;
    if (option === undefined || (byId !== undefined && byPath !== undefined)) {
      return { problem: "either --path or --cgroup should be specified" };
    }
    const text = option.values[0] ?? "";
    const group = byId === undefined ? text : parseNumber(text, 0xffffffff);
    return group === null ? { problem: "expected --cgroup number" } : { value: { group, invert: option.invert } };
  },
  print: words,
  compile(options) {
    const question = {
      text: `cgroup ${words({ ...options, invert: false }).join(" ")}`,
      invert: options.invert,
      reason: "the control groups of processes are not known",
    };
    return {
      kind: "call",
      test: (skb, runtime) => (skb.owner !== null || skb.fromKernel) && askMatch(question, skb, runtime),
    };
  },
};
