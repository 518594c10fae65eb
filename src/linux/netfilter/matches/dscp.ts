import type { GivenOption, MatchExtension } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, optionWords } from "../option-words.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly dscp: { readonly value: number; readonly invert: boolean };
  }
}

/** The value of a DiffServ class name (extensions/dscp_helper.c); null when there is no such class. */
function dscpClass(text: string): number | null {
  const name = text.toUpperCase();
  if (name === "BE") return 0;
  if (name === "EF") return 0x2e;
  const selector = /^CS([0-7])$/.exec(name);
  if (selector !== null) return Number(selector[1]) << 3;
  const assured = /^AF([1-4])([1-3])$/.exec(name);
  return assured === null ? null : (Number(assured[1]) << 3) | (Number(assured[2]) << 1);
}

function dscpValue(option: GivenOption): number | null {
  const text = option.values[0] ?? "";
  return option.name === "dscp" ? parseNumber(text, 63) : dscpClass(text);
}

/** `-m dscp`: the upper six bits of the TOS byte or traffic class (net/netfilter/xt_dscp.c). */
export const dscp: MatchExtension<"dscp"> = {
  options: {
    dscp: { values: 1, negatable: true },
    "dscp-class": { values: 1, negatable: true },
  },
  parse(given) {
    const option = givenOption(given, "dscp") ?? givenOption(given, "dscp-class");
    const value = option === undefined || given.length > 1 ? null : dscpValue(option);
    if (option === undefined || value === null) return { problem: "expected --dscp value or --dscp-class class" };
    return { value: { value, invert: option.invert } };
  },
  print: ({ value, invert }) => optionWords("dscp", invert, `0x${value.toString(16).padStart(2, "0")}`),
  compile: ({ value, invert }) => ({ kind: "call", test: ({ packet }) => (packet.tos >> 2 === value) !== invert }),
};
