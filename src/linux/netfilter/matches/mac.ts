import type { HostRuntime } from "../../runtime.ts";
import type { Skb } from "../../skb.ts";
import type { MatchExtension } from "../extension.ts";
import { comesFrom, frameMac, hasEthernetHeader } from "../frame-mac.ts";
import { givenOption, optionWords } from "../option-words.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    /** `mac` in lower case. */
    readonly mac: { readonly mac: string; readonly invert: boolean };
  }
}

const MAC = /^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/;

/**
 * `-m mac [!] --mac-source` (net/netfilter/xt_mac.c). A packet that comes in by a device of another type than Ethernet (`lo`,
 * a layer-3 tunnel) or was sent by this host does not match, negated or not.
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
    test: (skb, runtime) =>
      skb.input !== null &&
      skb.input.kind !== "loopback" &&
      (isFrom(runtime, skb, options.mac) ?? options.invert) !== options.invert,
  }),
};

/** Null for a packet without an Ethernet header. */
function isFrom(runtime: HostRuntime, skb: Skb, mac: string): boolean | null {
  const sender = frameMac(skb, "src");
  if (sender === "" || skb.input === null || !hasEthernetHeader(runtime, skb.input)) return null;
  return sender === null ? comesFrom(runtime, skb, mac) : sender === mac;
}
