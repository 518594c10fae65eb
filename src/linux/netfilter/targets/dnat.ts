import { sameAddress } from "../../../net/address.ts";
import { setUpNat } from "../../conntrack/nat.ts";
import { type NatRange, natRange } from "../../conntrack/nat-range.ts";
import type { FixedDnat, TargetExtension } from "../extension.ts";
import { givenOption, givenValue } from "../option-words.ts";
import { FLAG, formatTo, parseTo, VALUE } from "./nat-options.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly DNAT: { readonly range: NatRange };
  }
}

/** The range as numbers; null where it leaves a choice. */
function fixed({ addresses, ports, random, persistent, portBase }: NatRange): FixedDnat | null {
  if (addresses === null || addresses.first.family !== 4 || !sameAddress(addresses.first, addresses.last)) return null;
  if (random || persistent || portBase !== null || (ports !== null && ports.first !== ports.last)) return null;
  return { address: addresses.first.a, port: ports === null ? -1 : ports.first };
}

/** `-j DNAT` (net/netfilter/xt_nat.c, extensions/libxt_NAT.c). */
export const DNAT: TargetExtension<"DNAT"> = {
  options: { "to-destination": VALUE, random: FLAG, persistent: FLAG },
  parse(given, context) {
    const to = givenValue(given, "to-destination");
    if (to === null) return { problem: "--to-destination is missing" };
    const parsed = parseTo(to, context, true);
    if ("problem" in parsed) return parsed;
    const random = givenOption(given, "random") !== undefined;
    const persistent = givenOption(given, "persistent") !== undefined;
    return { value: { range: natRange({ ...parsed.value, random, persistent }) } };
  },
  print: ({ range }) => [
    "--to-destination",
    formatTo(range),
    ...(range.random ? ["--random"] : []),
    ...(range.persistent ? ["--persistent"] : []),
  ],
  compile:
    ({ range }) =>
    (skb, runtime) =>
      setUpNat(runtime, skb, "DNAT", range),
  instruction: ({ range }) => fixed(range),
};
