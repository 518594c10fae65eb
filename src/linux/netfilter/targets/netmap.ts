import { formatPrefix, lastAddress, netmask, type Prefix, parsePrefix } from "../../../net/prefix.ts";
import { setUpNat } from "../../conntrack/nat.ts";
import { natRange } from "../../conntrack/nat-range.ts";
import type { TargetExtension } from "../extension.ts";
import { givenValue } from "../option-words.ts";
import { OUTPUT, PREROUTING } from "../verdict.ts";
import { VALUE } from "./nat-options.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly NETMAP: { readonly to: Prefix };
  }
}

/**
 * `-j NETMAP` (net/netfilter/xt_NETMAP.c): the network part is replaced and the host part kept; of the destination in
 * PREROUTING and OUTPUT, of the source elsewhere.
 */
export const NETMAP: TargetExtension<"NETMAP"> = {
  options: { to: VALUE },
  parse(given, context) {
    const to = parsePrefix(givenValue(given, "to") ?? "");
    return to?.address.family === context.family ? { value: { to } } : { problem: "expected --to address[/mask]" };
  },
  print: (options) => ["--to", formatPrefix(options.to)],
  compile({ to }) {
    const mask = netmask(to.address.family, to.length);
    const range = natRange({ addresses: { first: to.address, last: lastAddress(to) }, netmap: mask });
    return (skb, runtime, hook) =>
      setUpNat(runtime, skb, hook === PREROUTING || hook === OUTPUT ? "DNAT" : "SNAT", range);
  },
};
