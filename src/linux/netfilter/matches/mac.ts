import type { MatchExtension } from "../extension.ts";
import { givenOption, optionWords } from "../option-words.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    /** `mac` in lower case. */
    readonly mac: { readonly mac: string; readonly invert: boolean };
  }
}

const MAC = /^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/;

/**
 * `-m mac [!] --mac-source` (net/netfilter/xt_mac.c). A packet without an Ethernet header (from `lo`, a layer-3 tunnel,
 * or sent by this host) does not match, negated or not.
 */
export const mac: MatchExtension<"mac"> = {
  options: { "mac-source": { values: 1, negatable: true } },
  parse(given) {
    const option = givenOption(given, "mac-source");
    const text = (option?.values[0] ?? "").toLowerCase();
    if (option === undefined || !MAC.test(text)) return { problem: "expected --mac-source XX:XX:XX:XX:XX:XX" };
    const address = text
      .split(":")
      .map((octet) => octet.padStart(2, "0"))
      .join(":");
    return { value: { mac: address, invert: option.invert } };
  },
  print: (options) => optionWords("mac-source", options.invert, options.mac),
  compile: (options) => ({
    kind: "call",
    test: (skb) => skb.sourceMac !== "" && skb.input !== null && (skb.sourceMac === options.mac) !== options.invert,
  }),
};
