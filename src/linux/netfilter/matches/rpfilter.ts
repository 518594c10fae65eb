import { reversePathMatches } from "../../routing/reverse-path.ts";
import type { MatchExtension } from "../extension.ts";
import { givenOption } from "../option-words.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly rpfilter: {
      readonly loose: boolean;
      readonly validMark: boolean;
      readonly acceptLocal: boolean;
      readonly invert: boolean;
    };
  }
}

/** `-m rpfilter` (net/ipv4/netfilter/ipt_rpfilter.c, net/ipv6/netfilter/ip6t_rpfilter.c). */
export const rpfilter: MatchExtension<"rpfilter"> = {
  options: {
    loose: { values: 0, negatable: false },
    validmark: { values: 0, negatable: false },
    "accept-local": { values: 0, negatable: false },
    invert: { values: 0, negatable: false },
  },
  parse(given) {
    const has = (name: string): boolean => givenOption(given, name) !== undefined;
    return {
      value: {
        loose: has("loose"),
        validMark: has("validmark"),
        acceptLocal: has("accept-local"),
        invert: has("invert"),
      },
    };
  },
  print: (options) => [
    ...(options.loose ? ["--loose"] : []),
    ...(options.validMark ? ["--validmark"] : []),
    ...(options.acceptLocal ? ["--accept-local"] : []),
    ...(options.invert ? ["--invert"] : []),
  ],
  compile: (options) => ({
    kind: "call",
    test: (skb, runtime) => reversePathMatches(runtime, skb, options) !== options.invert,
  }),
};
