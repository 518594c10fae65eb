import { packetLength } from "../../../net/packet.ts";
import type { MatchExtension } from "../extension.ts";
import { matchState } from "../match-state.ts";
import { givenOption, optionWords } from "../option-words.ts";
import { isUsedUp, limitDecides } from "../unused-limit.ts";
import { parseUint64 } from "./uint64.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    /** Bytes, decimal digits. */
    readonly quota: { readonly bytes: string; readonly invert: boolean };
  }
}
declare module "../match-state.ts" {
  interface MatchStates {
    quota: { left: number };
  }
}

/**
 * `-m quota` (net/netfilter/xt_quota.c): matches until so many bytes have passed this rule; the first packet that does
 * not fit ends it for smaller ones too. iptables-save prints the quota as it was loaded, so a rule starts with all of it.
 */
export const quota: MatchExtension<"quota"> = {
  options: { quota: { values: 1, negatable: true } },
  parse(given) {
    const option = givenOption(given, "quota");
    const bytes = parseUint64(option?.values[0] ?? "");
    if (option === undefined || bytes === null) return { problem: "expected --quota bytes" };
    return { value: { bytes, invert: option.invert } };
  },
  print: ({ bytes, invert }) => optionWords("quota", invert, bytes),
  compile(options, rule) {
    const full = Number(options.bytes);
    const decides = limitDecides(rule);
    return {
      kind: "call",
      test({ packet }, runtime) {
        if (decides && isUsedUp(runtime, `quota ${options.bytes}`)) return options.invert;
        const state = matchState(runtime, "quota", options, () => ({ left: full }));
        const length = packetLength(packet);
        const fits = state.left >= length;
        state.left = fits ? state.left - length : 0;
        return fits !== options.invert;
      },
    };
  },
};
