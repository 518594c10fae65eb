import type { MatchExtension } from "../extension.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    /**
     * Stands first in a rule that the kernel would not have taken: the rule is kept as text, and no packet matches it.
     * `complaint` is what the kernel says, `line` where the rule stands in its dump (0: not known).
     */
    readonly refused: { readonly complaint: string; readonly line: number };
  }
}

/** A rule that cannot be in the kernel: it never matches, and answers of packets that would have met it say so. */
export const refused: MatchExtension<"refused"> = {
  options: {},
  parse: () => ({ problem: "not written in rules" }),
  print: () => [],
  compile: ({ complaint, line }, _rule, family) => {
    const dump = family === 4 ? "iptables" : "ip6tables";
    const where = line === 0 ? `a rule in the ${dump} dump` : `the rule on line ${line} of the ${dump} dump`;
    const detail = `${where} is left out, since the kernel refuses it: ${complaint}`;
    return {
      kind: "call",
      test(_skb, runtime) {
        runtime.services.assume(runtime, "refused-rule-absent", detail);
        return false;
      },
    };
  },
};
