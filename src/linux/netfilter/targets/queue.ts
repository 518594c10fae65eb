import { describePacket } from "../../../net/packet.ts";
import type { TargetExtension } from "../extension.ts";
import { NF_QUEUE, NF_STOLEN } from "../verdict.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly QUEUE: Readonly<Record<string, never>>;
  }
}

/**
 * `-j QUEUE`: the standard verdict NF_QUEUE (net/ipv4/netfilter/ip_tables.c), hence queue 0 of NFQUEUE without bypass: the
 * program that listens there decides, and without one the packet is dropped. Only the legacy backend takes it.
 */
export const QUEUE: TargetExtension<"QUEUE"> = {
  options: {},
  parse: () => ({ value: {} }),
  print: () => [],
  compile: (_options, rule) => (skb, runtime) => {
    const { name } = runtime.host;
    const taken = runtime.services.choose({
      kind: "unknown",
      code: "queue-verdict",
      variable: `${name} QUEUE rule ${rule.origin} ${describePacket(skb.packet)}`,
      question: `what does the program at queue 0 on ${name} decide? With no program the packet is dropped`,
      alternatives: [
        { label: "the packet is accepted", probability: 0 },
        { label: "the packet is dropped", probability: 0 },
      ],
      command: "cat /proc/net/netfilter/nfnetlink_queue",
    });
    if (taken === 0) return NF_QUEUE;
    skb.stolen = true;
    return NF_STOLEN;
  },
};
