import { describePacket } from "../../../net/packet.ts";
import { aboutDamage, type Damage } from "../damaged-rule.ts";
import type { TargetExtension } from "../extension.ts";
import { NF_ACCEPT, NF_DROP, XT_CONTINUE } from "../verdict.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    /** A target that podpath reads and prints but does not run. */
    readonly unmodelled: {
      readonly extension: string;
      readonly arguments: readonly string[];
      readonly damage?: Damage;
    };
  }
}

const OUTCOMES = [XT_CONTINUE, NF_ACCEPT, NF_DROP] as const;

/** A target whose effect nobody can tell here: the packet may go on, be accepted or be dropped. */
export const unmodelled: TargetExtension<"unmodelled"> = {
  options: {},
  parse: () => ({ problem: "not written in rules" }),
  print: (options) => options.arguments,
  compile:
    ({ extension, damage }, rule, family) =>
    (skb, runtime) => {
      const { name } = runtime.host;
      const taken = runtime.services.choose({
        kind: "unknown",
        variable: `${name} target ${extension} rule ${rule.origin} ${describePacket(skb.packet)}`,
        ...(damage === undefined
          ? {
              code: "unmodelled-target-outcome" as const,
              question: `what does "-j ${extension}" do on ${name}? podpath does not model it`,
            }
          : aboutDamage(damage, { of: "do", host: name, family })),
        alternatives: [
          { label: damage === undefined ? "the packet goes on" : "nothing", probability: 0 },
          { label: "the packet is accepted", probability: 0 },
          { label: "the packet is dropped", probability: 0 },
        ],
      });
      return OUTCOMES[taken] ?? XT_CONTINUE;
    },
};
