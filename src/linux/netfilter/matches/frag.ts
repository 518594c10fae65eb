import { findExtension } from "../../../net/ipv6-extension.ts";
import { isFragment } from "../../../net/packet.ts";
import type { MatchExtension } from "../extension.ts";
import type { RangeTest } from "../option-values.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, givenValue } from "../option-words.ts";
import { certainInRange, inRange32, NUMBER_RANGE, parseRange32, printRange32 } from "./spi-test.ts";
import { askMatch } from "./unknown-match.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly frag: {
      readonly id: RangeTest | null;
      /** Printed, and ignored by the kernel; null when absent. */
      readonly length: number | null;
      readonly reserved: boolean;
      readonly first: boolean;
      readonly rest: "more" | "last" | null;
    };
  }
}

/**
 * `-m frag` (net/ipv6/netfilter/ip6t_frag.c): the IPv6 fragment header; a packet without one never matches. Its
 * identification is a question where the packet has none.
 */
export const frag: MatchExtension<"frag"> = {
  options: {
    fragid: NUMBER_RANGE,
    fraglen: { values: 1, negatable: false },
    fragres: { values: 0, negatable: false },
    fragfirst: { values: 0, negatable: false },
    fragmore: { values: 0, negatable: false },
    fraglast: { values: 0, negatable: false },
  },
  parse(given, { family }) {
    if (family === 4) return { problem: "frag is a match of IPv6" };
    const id = parseRange32(given, "fragid");
    if ("problem" in id) return id;
    const text = givenValue(given, "fraglen");
    const length = text === null ? null : parseNumber(text, 0xffffffff);
    if (length === null && text !== null) return { problem: "expected --fraglen bytes" };
    const more = givenOption(given, "fragmore") !== undefined;
    const last = givenOption(given, "fraglast") !== undefined;
    if (more && last) return { problem: "--fragmore and --fraglast exclude each other" };
    return {
      value: {
        id: id.value,
        length,
        reserved: givenOption(given, "fragres") !== undefined,
        first: givenOption(given, "fragfirst") !== undefined,
        rest: more ? "more" : last ? "last" : null,
      },
    };
  },
  print: ({ id, length, reserved, first, rest }) => [
    ...printRange32("fragid", id),
    ...(length === null || length === 0 ? [] : ["--fraglen", String(length)]),
    ...(reserved ? ["--fragres"] : []),
    ...(first ? ["--fragfirst"] : []),
    ...(rest === null ? [] : [`--frag${rest}`]),
  ],
  compile({ id, first, rest }) {
    const certain = certainInRange(id);
    if (certain === false) return { kind: "never" };
    const question = {
      text: ["frag", ...printRange32("fragid", id === null ? null : { ...id, invert: false })].join(" "),
      invert: id?.invert ?? false,
      reason: "the identification of the fragment is not known",
    };
    return {
      kind: "call",
      test(skb, runtime) {
        const { packet } = skb;
        if (!isFragment(packet) && findExtension(packet.extensions, "fragment") === null) return false;
        if (first && packet.fragmentOffset > 0) return false;
        if (rest !== null && packet.moreFragments !== (rest === "more")) return false;
        if (certain === true || id === null) return true;
        if (packet.id === 0) return askMatch(question, skb, runtime);
        return inRange32(id, packet.id);
      },
    };
  },
};
