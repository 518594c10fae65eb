import type { TargetExtension } from "../extension.ts";
import { givenOption } from "../option-words.ts";
import { goOn } from "./noting.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly CONNSECMARK: { readonly mode: "save" | "restore" };
  }
}

/** `-j CONNSECMARK`: moves the SELinux mark between packet and connection (net/netfilter/xt_CONNSECMARK.c); no rule reads it. */
export const CONNSECMARK: TargetExtension<"CONNSECMARK"> = {
  options: { save: { values: 0, negatable: false }, restore: { values: 0, negatable: false } },
  parse(given) {
    if (given.length !== 1) return { problem: "expected --save or --restore" };
    return { value: { mode: givenOption(given, "save") === undefined ? "restore" : "save" } };
  },
  print: ({ mode }) => [`--${mode}`],
  compile: () => goOn,
};
