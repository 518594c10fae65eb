import { setUpNat } from "../../conntrack/nat.ts";
import { type NatRange, natRange } from "../../conntrack/nat-range.ts";
import { redirectAddress } from "../../routing/source-address.ts";
import type { TargetExtension } from "../extension.ts";
import { formatRange } from "../option-values.ts";
import { givenOption, givenValue } from "../option-words.ts";
import { NF_DROP } from "../verdict.ts";
import { FLAG, parsePorts, portProblem, VALUE } from "./nat-options.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly REDIRECT: { readonly ports: NatRange["ports"]; readonly random: boolean };
  }
}

/**
 * `-j REDIRECT` (net/netfilter/nf_nat_redirect.c): the destination becomes this host. A packet that came in over a
 * device without an address is dropped.
 */
export const REDIRECT: TargetExtension<"REDIRECT"> = {
  options: { "to-ports": VALUE, random: FLAG },
  parse(given, context) {
    const text = givenValue(given, "to-ports");
    const ports = text === null ? null : parsePorts(text);
    if (text !== null) {
      if (ports === null) return { problem: "expected --to-ports port[-port]" };
      const wrong = portProblem(context);
      if (wrong !== null) return { problem: wrong };
    }
    return { value: { ports, random: givenOption(given, "random") !== undefined } };
  },
  print: (options) => [
    ...(options.ports === null ? [] : ["--to-ports", formatRange(options.ports, "-")]),
    ...(options.random ? ["--random"] : []),
  ],
  compile: (options) => (skb, runtime, hook) => {
    const address = redirectAddress(skb, hook);
    if (address === null) return NF_DROP;
    return setUpNat(runtime, skb, "DNAT", natRange({ ...options, addresses: { first: address, last: address } }));
  },
};
