import { MOBILITY, mobilityType } from "../../../net/ipv6-extension.ts";
import type { MatchExtension } from "../extension.ts";
import { formatRange, parseNumber, type RangeTest } from "../option-values.ts";
import { givenOption, optionWords } from "../option-words.ts";
import { isReadable } from "./cut-short.ts";
import { inRange32 } from "./spi-test.ts";
import { askMatch } from "./unknown-match.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly mh: { readonly types: RangeTest };
  }
}

/** Names of message types (extensions/libip6t_mh.c), which may be abbreviated in any case. */
const NAMES: readonly (readonly [name: string, type: number])[] = [
  ["binding-refresh-request", 0],
  ["brr", 0],
  ["home-test-init", 1],
  ["hoti", 1],
  ["careof-test-init", 2],
  ["coti", 2],
  ["home-test", 3],
  ["hot", 3],
  ["careof-test", 4],
  ["cot", 4],
  ["binding-update", 5],
  ["bu", 5],
  ["binding-acknowledgement", 6],
  ["ba", 6],
  ["binding-error", 7],
  ["be", 7],
];

function parseType(text: string): number | null {
  const lower = text.toLowerCase();
  if (/^\d/.test(text)) return parseNumber(text, 255);
  const exact = NAMES.find(([name]) => name === lower);
  return (exact ?? (lower === "" ? undefined : NAMES.find(([name]) => name.startsWith(lower))))?.[1] ?? null;
}

/** Octets of `struct ip6_mh`. */
const HEADER = 6;

/** `-m mh` (net/ipv6/netfilter/ip6t_mh.c): Mobile IPv6 messages. Where the packet does not tell its type it is a question. */
export const mh: MatchExtension<"mh"> = {
  options: { "mh-type": { values: 1, negatable: true } },
  parse(given, { family, protocol }) {
    if (family === 4 || protocol !== MOBILITY) return { problem: "the rule needs IPv6 and -p mobility-header" };
    const option = givenOption(given, "mh-type");
    if (option === undefined) return { value: { types: { first: 0, last: 255, invert: false } } };
    const [head = "", tail, extra] = (option.values[0] ?? "").split(":");
    const first = head === "" && tail !== undefined ? 0 : parseType(head);
    const last = tail === undefined ? first : tail === "" ? 255 : parseType(tail);
    if (first === null || last === null || extra !== undefined || first > last) return { problem: "invalid MH type" };
    return { value: { types: { first, last, invert: option.invert } } };
  },
  print: ({ types }) =>
    types.first === 0 && types.last === 255 ? [] : optionWords("mh-type", types.invert, formatRange(types)),
  compile({ types }) {
    const whole = types.first === 0 && types.last === 255;
    const question = {
      text: `mh --mh-type ${formatRange(types)}`,
      invert: types.invert,
      reason: "the type of the message is not known",
    };
    return {
      kind: "call",
      test(skb, runtime) {
        const { protocol, fragmentOffset, extensions } = skb.packet;
        if (protocol !== MOBILITY || fragmentOffset !== 0) return false;
        const type = mobilityType(extensions);
        if (type !== null) return inRange32(types, type);
        if (!isReadable(skb, HEADER)) return false;
        return whole ? !types.invert : askMatch(question, skb, runtime);
      },
    };
  },
};
