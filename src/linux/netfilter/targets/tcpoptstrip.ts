import { TCP } from "../../../net/protocol.ts";
import { MAXIMUM_SEGMENT_SIZE, MAXIMUM_SEGMENT_SIZE_LENGTH } from "../../../net/tcp-option.ts";
import type { TargetExtension } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenValue } from "../option-words.ts";
import { XT_CONTINUE } from "../verdict.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    /** Option numbers in ascending order. */
    readonly TCPOPTSTRIP: { readonly options: readonly number[] };
  }
}

/** Names of options (extensions/libxt_TCPOPTSTRIP.c). */
const NAMES: ReadonlyMap<string, number> = new Map([
  ["wscale", 3],
  ["mss", 2],
  ["sack-permitted", 4],
  ["sack", 5],
  ["timestamp", 8],
  ["md5", 19],
]);

function parseList(text: string | null): readonly number[] | null {
  const numbers = new Set<number>();
  for (const word of text === null ? [] : text.split(",")) {
    const number = NAMES.get(word) ?? parseNumber(word, 255);
    if (number === null || number < 2) return null;
    numbers.add(number);
  }
  return [...numbers].sort((one, other) => one - other);
}

/**
 * `-j TCPOPTSTRIP` (net/netfilter/xt_TCPOPTSTRIP.c): overwrites TCP options with padding, so that the header stays as long as it was. Of the
 * options a packet here carries only the maximum segment size.
 */
export const TCPOPTSTRIP: TargetExtension<"TCPOPTSTRIP"> = {
  options: { "strip-options": { values: 1, negatable: false } },
  parse(given, { protocol }) {
    if (protocol !== TCP) return { problem: "the rule needs -p tcp" };
    const options = parseList(givenValue(given, "strip-options"));
    return options === null
      ? { problem: "expected --strip-options names or numbers from 2 to 255" }
      : { value: { options } };
  },
  print: ({ options }) => (options.length === 0 ? [] : ["--strip-options", options.join(",")]),
  compile({ options }) {
    const stripsSize = options.includes(MAXIMUM_SEGMENT_SIZE);
    return ({ packet }) => {
      if (!stripsSize || packet.protocol !== TCP || packet.fragmentOffset > 0 || packet.mss === 0) return XT_CONTINUE;
      packet.mss = 0;
      packet.optionPadding += MAXIMUM_SEGMENT_SIZE_LENGTH;
      return XT_CONTINUE;
    };
  },
};
