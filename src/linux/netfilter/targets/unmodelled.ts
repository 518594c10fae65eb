import { describePacket } from "../../../net/packet.ts";
import type { TargetExtension } from "../extension.ts";
import { NF_ACCEPT, NF_DROP, XT_CONTINUE } from "../verdict.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    /** A target that podpath reads and prints but does not run. */
    readonly unmodelled: { readonly extension: string; readonly arguments: readonly string[] };
  }
}

const OUTCOMES = [XT_CONTINUE, NF_ACCEPT, NF_DROP] as const;

/** A target whose effect nobody can tell here: the packet may go on, be accepted or be dropped. */
export const unmodelled: TargetExtension<"unmodelled"> = {
  options: {},
  parse: () => ({ problem: "not written in rules" }),
  print: (options) => options.arguments,
  compile: (options, rule) => (skb, runtime) => {
    const taken = runtime.services.choose({
      kind: "unknown",
      variable: `${runtime.host.name} target ${options.extension} rule ${rule.origin} ${describePacket(skb.packet)}`,
      question: `what does "-j ${options.extension}" do on ${runtime.host.name}? podpath does not model it`,
      alternatives: [
        { label: "the packet goes on", probability: 0 },
        { label: "the packet is accepted", probability: 0 },
        { label: "the packet is dropped", probability: 0 },
      ],
    });
    return OUTCOMES[taken] ?? XT_CONTINUE;
  },
};
