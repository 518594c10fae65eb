import { type Address, formatAddress, isUnspecified, parseAddress } from "../../../net/address.ts";
import type { TargetExtension } from "../extension.ts";
import { givenValue } from "../option-words.ts";
import { XT_CONTINUE } from "../verdict.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly TEE: {
      readonly gateway: Address;
      /** Device the copy leaves by; null for the route's. */
      readonly output: string | null;
    };
  }
}

/**
 * `-j TEE` (net/netfilter/xt_TEE.c): sends a copy to a gateway while the packet itself goes on. The copy is a packet of its own,
 * which crosses OUTPUT and POSTROUTING first; rules there make no copy of it, nor of what is sent for its sake (questions for its
 * neighbour, tunnels' packets), unless it has to wait for that neighbour (docs/lab-notes/rules-and-sets.md).
 */
export const TEE: TargetExtension<"TEE"> = {
  options: { gateway: { values: 1, negatable: false }, oif: { values: 1, negatable: false } },
  parse(given, { family }) {
    const gateway = parseAddress(givenValue(given, "gateway") ?? "");
    if (gateway?.family !== family || isUnspecified(gateway)) return { problem: "expected --gateway address" };
    return { value: { gateway, output: givenValue(given, "oif") } };
  },
  print: ({ gateway, output }) => ["--gateway", formatAddress(gateway), ...(output === null ? [] : ["--oif", output])],
  compile:
    ({ gateway, output }) =>
    (skb, runtime, hook) => {
      if (runtime.duplicated === null) runtime.services.copy(runtime, skb, hook, gateway, output);
      return XT_CONTINUE;
    },
};
