import { describePacket } from "../../../net/packet.ts";
import type { TargetExtension } from "../extension.ts";
import { NF_ACCEPT, NF_DROP, XT_CONTINUE } from "../verdict.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    /** The end of a native nft rule that podpath reads and does not run. */
    readonly nft: { readonly text: string };
  }
}

const OUTCOMES = [XT_CONTINUE, NF_ACCEPT, NF_DROP] as const;

/** A statement whose effect nobody can tell here: the packet may go on, be accepted or be dropped. */
export const nft: TargetExtension<"nft"> = {
  options: {},
  parse: () => ({ problem: "not written in rules of iptables" }),
  print: ({ text }) => [text],
  compile:
    ({ text }, rule) =>
    (skb, runtime) => {
      const { name } = runtime.host;
      const taken = runtime.services.choose({
        kind: "unknown",
        code: "nft-chain",
        variable: `${name} nft ${text} rule ${rule.origin} ${describePacket(skb.packet)}`,
        question: `what does "${text}" do on ${name}? podpath does not model it`,
        alternatives: [
          { label: "the packet goes on", probability: 0 },
          { label: "the packet is accepted", probability: 0 },
          { label: "the packet is dropped", probability: 0 },
        ],
        command: "nft list ruleset",
      });
      return OUTCOMES[taken] ?? XT_CONTINUE;
    },
};
