import type { TargetExtension } from "../extension.ts";
import { givenValue } from "../option-words.ts";
import { goOn } from "./noting.ts";

const TYPES = ["accept", "drop", "reject"] as const;

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly AUDIT: { readonly type: (typeof TYPES)[number] };
  }
}

/** `-j AUDIT`: writes an audit record that names an action, which it does not take (net/netfilter/xt_AUDIT.c). */
export const AUDIT: TargetExtension<"AUDIT"> = {
  options: { type: { values: 1, negatable: false } },
  parse(given) {
    const type = TYPES.find((name) => name === givenValue(given, "type")?.toLowerCase());
    return type === undefined ? { problem: `expected --type ${TYPES.join("|")}` } : { value: { type } };
  },
  print: ({ type }) => ["--type", type],
  compile: () => goOn,
};
