import type { MatchExtension } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, optionWords } from "../option-words.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly tos: { readonly value: number; readonly mask: number; readonly invert: boolean };
  }
}

/** Names stand for values without the two ECN bits (libxtables tos_values.c). */
const NAMES: ReadonlyMap<string, number> = new Map([
  ["minimize-delay", 0x10],
  ["maximize-throughput", 0x08],
  ["maximize-reliability", 0x04],
  ["minimize-cost", 0x02],
  ["normal-service", 0x00],
]);
const NAME_MASK = 0x3f;

function parseTos(text: string): { readonly value: number; readonly mask: number } | null {
  const named = NAMES.get(text.toLowerCase());
  if (named !== undefined) return { value: named, mask: NAME_MASK };
  const slash = text.indexOf("/");
  const value = parseNumber(slash < 0 ? text : text.slice(0, slash), 255);
  const mask = slash < 0 ? 255 : parseNumber(text.slice(slash + 1), 255);
  return value === null || mask === null ? null : { value, mask };
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(2, "0")}`;
}

/** `-m tos [!] --tos value[/mask]`: TOS byte or traffic class (net/netfilter/xt_dscp.c tos_mt). */
export const tos: MatchExtension<"tos"> = {
  options: { tos: { values: 1, negatable: true } },
  parse(given) {
    const option = givenOption(given, "tos");
    const parsed = parseTos(option?.values[0] ?? "");
    if (option === undefined || parsed === null) return { problem: "expected --tos value[/mask] or a TOS name" };
    return { value: { ...parsed, invert: option.invert } };
  },
  print: (options) => optionWords("tos", options.invert, `${hex(options.value)}/${hex(options.mask)}`),
  compile: ({ value, mask, invert }) => ({
    kind: "call",
    test: ({ packet }) => ((packet.tos & mask) === value) !== invert,
  }),
};
