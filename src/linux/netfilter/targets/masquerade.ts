import { isUnspecified } from "../../../net/address.ts";
import { setUpNat } from "../../conntrack/nat.ts";
import { type NatRange, natRange } from "../../conntrack/nat-range.ts";
import { masqueradeSource } from "../../routing/source-address.ts";
import type { TargetExtension } from "../extension.ts";
import { formatRange } from "../option-values.ts";
import { givenOption, givenValue } from "../option-words.ts";
import { NF_ACCEPT, NF_DROP } from "../verdict.ts";
import { FLAG, parsePorts, portProblem, VALUE } from "./nat-options.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly MASQUERADE: {
      readonly ports: NatRange["ports"];
      readonly random: boolean;
      readonly fullyRandom: boolean;
    };
  }
}

/**
 * `-j MASQUERADE` (net/netfilter/nf_nat_masquerade.c): the source becomes an address of the outgoing device. Without
 * one the packet is dropped; packets from 0.0.0.0 are left alone.
 */
export const MASQUERADE: TargetExtension<"MASQUERADE"> = {
  options: { "to-ports": VALUE, random: FLAG, "random-fully": FLAG },
  parse(given, context) {
    const text = givenValue(given, "to-ports");
    const ports = text === null ? null : parsePorts(text);
    if (text !== null) {
      if (ports === null) return { problem: "expected --to-ports port[-port]" };
      const wrong = portProblem(context);
      if (wrong !== null) return { problem: wrong };
    }
    return {
      value: {
        ports,
        random: givenOption(given, "random") !== undefined,
        fullyRandom: givenOption(given, "random-fully") !== undefined,
      },
    };
  },
  print: (options) => [
    ...(options.ports === null ? [] : ["--to-ports", formatRange(options.ports, "-")]),
    ...(options.random ? ["--random"] : []),
    ...(options.fullyRandom ? ["--random-fully"] : []),
  ],
  compile(options) {
    let range = natRange(options);
    return (skb, runtime) => {
      const { connection } = skb;
      if (connection !== null && connection.original.src.family === 4 && isUnspecified(connection.original.src)) {
        return NF_ACCEPT;
      }
      const address = masqueradeSource(runtime, skb);
      if (address === null) {
        if (runtime.host.knowledge.get("interfaces") !== "unknown") return NF_DROP;
        const device = skb.output?.name ?? "the interface it leaves by";
        runtime.services.assume(
          runtime,
          "masquerade-without-address",
          `the source stays: which address ${device} has is not known`,
        );
        return NF_ACCEPT;
      }
      if (connection !== null && skb.output !== null) connection.masqueradeIndex = skb.output.index;
      if (range.addresses?.first !== address) range = { ...range, addresses: { first: address, last: address } };
      return setUpNat(runtime, skb, "SNAT", range);
    };
  },
};
