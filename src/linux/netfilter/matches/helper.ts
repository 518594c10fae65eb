import { ICMP, ICMPV6 } from "../../../net/protocol.ts";
import type { MatchExtension } from "../extension.ts";
import { givenOption, optionWords } from "../option-words.ts";
import { askMatch } from "./unknown-match.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly helper: { readonly helper: string; readonly invert: boolean };
  }
}

/** The field of `struct xt_helper_info`. */
const LONGEST = 29;

/**
 * `-m helper` (net/netfilter/xt_helper.c): the connection was expected by a helper (`ftp`, …) of another one. Whether
 * one was is asked when the connection begins (`conntrack/expectation.ts`), and here of those that a dump told; helpers
 * expect no ICMP.
 */
export const helper: MatchExtension<"helper"> = {
  options: { helper: { values: 1, negatable: true } },
  parse(given) {
    const option = givenOption(given, "helper");
    if (option === undefined) return { problem: 'option "--helper" must be specified' };
    return { value: { helper: (option.values[0] ?? "").slice(0, LONGEST), invert: option.invert } };
  },
  print: (options) => optionWords("helper", options.invert, options.helper),
  compile(options) {
    const question = {
      text: `helper --helper ${options.helper}`,
      invert: options.invert,
      reason: "a dump does not tell which connections a helper had announced",
      command: "conntrack -L expect",
    };
    return {
      kind: "call",
      test(skb, runtime) {
        const { protocol } = skb.packet;
        const { connection } = skb;
        if (connection === null || protocol === ICMP || protocol === ICMPV6) return options.invert;
        if (connection.dumped) return askMatch(question, skb, runtime);
        const { master } = connection;
        if (master === null || master.helper === null) return options.invert;
        return (options.helper === "" || master.helper === options.helper) !== options.invert;
      },
    };
  },
};
