import { describePacket } from "../../../net/packet.ts";
import { aboutDamage, type Damage, isTargetDamaged } from "../damaged-rule.ts";
import type { MatchExtension } from "../extension.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    /**
     * An extension that podpath reads and prints but does not evaluate. `arguments` are the words after its name; the
     * name is empty for words of a damaged rule that belong to none.
     */
    readonly unmodelled: {
      readonly extension: string;
      readonly arguments: readonly string[];
      readonly damage?: Damage;
    };
  }
}

/** A match whose outcome nobody can tell here: the answer branches, and names the rule. */
export const unmodelled: MatchExtension<"unmodelled"> = {
  options: {},
  parse: () => ({ problem: "not written in rules" }),
  print: (options) => options.arguments,
  compile: ({ extension, damage, arguments: words }, rule, family) => {
    // such a target asks whether the rule does anything at all
    if (damage !== undefined && isTargetDamaged(rule)) return { kind: "always" };
    return {
      kind: "call",
      test: (skb, runtime) => {
        const { name } = runtime.host;
        // all that is damaged in one rule is one question
        const what = damage === undefined ? `match ${extension} rule` : "damaged rule";
        const text = ["-m", extension, ...words].join(" ");
        const taken = runtime.services.choose({
          kind: "unknown",
          variable: `${name} ${what} ${rule.origin} ${describePacket(skb.packet)}`,
          ...(damage === undefined
            ? {
                code: "unmodelled-match-outcome" as const,
                question: `does "${text}" match on ${name}? podpath does not model it`,
              }
            : aboutDamage(damage, { of: "match", host: name, family })),
          alternatives: [
            { label: "it does not match", probability: 0 },
            { label: "it matches", probability: 0 },
          ],
        });
        return taken === 1;
      },
    };
  },
};
