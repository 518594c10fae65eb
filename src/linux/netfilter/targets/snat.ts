import { setUpNat } from "../../conntrack/nat.ts";
import { type NatRange, natRange } from "../../conntrack/nat-range.ts";
import type { TargetExtension } from "../extension.ts";
import { givenOption, givenValue } from "../option-words.ts";
import { FLAG, formatTo, parseTo, VALUE } from "./nat-options.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly SNAT: { readonly range: NatRange };
  }
}

/** `-j SNAT` (net/netfilter/xt_nat.c, extensions/libxt_NAT.c). */
export const SNAT: TargetExtension<"SNAT"> = {
  options: { "to-source": VALUE, random: FLAG, "random-fully": FLAG, persistent: FLAG },
  parse(given, context) {
    const to = givenValue(given, "to-source");
    if (to === null) return { problem: "--to-source is missing" };
    const parsed = parseTo(to, context, false);
    if ("problem" in parsed) return parsed;
    const random = givenOption(given, "random") !== undefined;
    const fullyRandom = givenOption(given, "random-fully") !== undefined;
    const persistent = givenOption(given, "persistent") !== undefined;
    return { value: { range: natRange({ ...parsed.value, random, fullyRandom, persistent }) } };
  },
  print: ({ range }) => [
    "--to-source",
    formatTo(range),
    ...(range.random ? ["--random"] : []),
    ...(range.fullyRandom ? ["--random-fully"] : []),
    ...(range.persistent ? ["--persistent"] : []),
  ],
  compile:
    ({ range }) =>
    (skb, runtime) =>
      setUpNat(runtime, skb, "SNAT", range),
};
