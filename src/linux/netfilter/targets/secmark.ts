import type { TargetExtension } from "../extension.ts";
import { givenValue } from "../option-words.ts";
import { goOn } from "./noting.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly SECMARK: { readonly context: string };
  }
}

/** SECMARK_SECCTX_MAX less the final NUL. */
const LONGEST = 255;

/** `-j SECMARK`: marks the packet for SELinux (net/netfilter/xt_SECMARK.c); no rule reads that mark. */
export const SECMARK: TargetExtension<"SECMARK"> = {
  options: { selctx: { values: 1, negatable: false } },
  parse(given) {
    const context = givenValue(given, "selctx") ?? "";
    return context === "" || context.length > LONGEST
      ? { problem: "expected --selctx context" }
      : { value: { context } };
  },
  print: ({ context }) => ["--selctx", context],
  compile: () => goOn,
};
