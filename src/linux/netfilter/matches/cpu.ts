import type { MatchExtension } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, optionWords } from "../option-words.ts";
import { unknownMatch } from "./unknown-match.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly cpu: { readonly cpu: number; readonly invert: boolean };
  }
}

/** `-m cpu [!] --cpu number` (net/netfilter/xt_cpu.c): which CPU handles the packet nobody can tell. */
export const cpu: MatchExtension<"cpu"> = {
  options: { cpu: { values: 1, negatable: true } },
  parse(given) {
    const option = givenOption(given, "cpu");
    const number = parseNumber(option?.values[0] ?? "", 0xffffffff);
    if (option === undefined || number === null) return { problem: "expected --cpu number" };
    return { value: { cpu: number, invert: option.invert } };
  },
  print: (options) => optionWords("cpu", options.invert, String(options.cpu)),
  compile: (options) =>
    unknownMatch({
      text: `cpu --cpu ${options.cpu}`,
      invert: options.invert,
      reason: "the kernel spreads packets over CPUs",
    }),
};
