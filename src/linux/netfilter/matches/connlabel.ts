import type { MatchExtension } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, optionWords } from "../option-words.ts";
import { askMatch } from "./unknown-match.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    /** A bit, or its name in /etc/xtables/connlabel.conf. */
    readonly connlabel: { readonly label: string; readonly invert: boolean; readonly set: boolean };
  }
}

const LAST_BIT = 127;
const NAME = /^[a-z_][\w.-]*$/i;

/**
 * `-m connlabel` (net/netfilter/xt_connlabel.c): a label of the connection, which connections do not have here: a question
 * for packets with a connection. With `--set` the label is there afterwards, so the kernel says that it is.
 */
export const connlabel: MatchExtension<"connlabel"> = {
  options: { label: { values: 1, negatable: true }, set: { values: 0, negatable: false } },
  parse(given) {
    const option = givenOption(given, "label");
    const text = option?.values[0] ?? "";
    const bit = parseNumber(text, LAST_BIT);
    if (option === undefined || (bit === null && !NAME.test(text)))
      return { problem: `expected --label 0-${LAST_BIT} or a name` };
    const label = bit === null ? text : String(bit);
    return { value: { label, invert: option.invert, set: givenOption(given, "set") !== undefined } };
  },
  print: ({ label, invert, set }) => [...optionWords("label", invert, label), ...(set ? ["--set"] : [])],
  compile({ label, invert, set }) {
    const question = {
      text: `connlabel --label ${label}`,
      invert,
      reason: "the labels of connections are not modelled",
      command: "conntrack -L -o labels",
    };
    return {
      kind: "call",
      test(skb, runtime) {
        if (skb.connection === null) return invert;
        return set ? !invert : askMatch(question, skb, runtime);
      },
    };
  },
};
