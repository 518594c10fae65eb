import type { MatchExtension } from "../extension.ts";
import { givenOption, optionWords } from "../option-words.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly ipvs: { readonly invert: boolean };
  }
}

/**
 * `-m ipvs [!] --ipvs` (net/netfilter/xt_ipvs.c): whether IPVS has handled the packet (`skb->ipvs_property`). podpath
 * models no IPVS, so it never has. The other options ask for an IPVS connection's details and are not modelled.
 */
export const ipvs: MatchExtension<"ipvs"> = {
  options: { ipvs: { values: 0, negatable: true } },
  parse(given) {
    const option = givenOption(given, "ipvs");
    return option === undefined ? { problem: "expected --ipvs" } : { value: { invert: option.invert } };
  },
  print: (options) => optionWords("ipvs", options.invert),
  compile: (options) => ({ kind: options.invert ? "always" : "never" }),
};
