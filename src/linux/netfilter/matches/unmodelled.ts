import { describePacket } from "../../../net/packet.ts";
import type { MatchExtension } from "../extension.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    /** An extension that podpath reads and prints but does not evaluate. `arguments` are the words after its name. */
    readonly unmodelled: { readonly extension: string; readonly arguments: readonly string[] };
  }
}

/** A match whose outcome nobody can tell here: the answer branches, and names the rule. */
export const unmodelled: MatchExtension<"unmodelled"> = {
  options: {},
  parse: () => ({ problem: "not written in rules" }),
  print: (options) => options.arguments,
  compile: (options, rule) => ({
    kind: "call",
    test: (skb, runtime) =>
      runtime.services.choose({
        kind: "unknown",
        variable: `${runtime.host.name} match ${options.extension} rule ${rule.origin} ${describePacket(skb.packet)}`,
        question: `does "-m ${options.extension} ${options.arguments.join(" ")}" match on ${runtime.host.name}? podpath does not model it`,
        alternatives: [
          { label: "it does not match", probability: 0 },
          { label: "it matches", probability: 0 },
        ],
      }) === 1,
  }),
};
