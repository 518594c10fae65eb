import type { MatchExtension } from "../extension.ts";
import { formatMark, parseMarkMask } from "../mark-value.ts";
import { givenOption, optionWords } from "../option-words.ts";
import { unknownMatch } from "./unknown-match.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    /** A number with an optional mask, or a name of /etc/iproute2/rt_realms. */
    readonly realm: { readonly realm: string; readonly invert: boolean };
  }
}

const NAME = /^[a-z_][\w.-]*$/i;

/** `-m realm` (net/netfilter/xt_realm.c): the realm of the packet's route, which routes do not have here. IPv4 only. */
export const realm: MatchExtension<"realm"> = {
  options: { realm: { values: 1, negatable: true } },
  parse(given, { family }) {
    if (family === 6) return { problem: "realm is a match of IPv4" };
    const option = givenOption(given, "realm");
    const text = option?.values[0] ?? "";
    const number = parseMarkMask(text);
    if (option === undefined || (number === null && !NAME.test(text)))
      return { problem: "expected --realm value[/mask]" };
    return { value: { realm: number === null ? text : formatMark(number), invert: option.invert } };
  },
  print: (options) => optionWords("realm", options.invert, options.realm),
  compile: (options) =>
    unknownMatch({
      text: `realm --realm ${options.realm}`,
      invert: options.invert,
      reason: "the realms of routes are not modelled",
      command: "ip route show table all",
    }),
};
