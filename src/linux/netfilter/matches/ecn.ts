import { TCP } from "../../../net/protocol.ts";
import { CWR, ECE } from "../../../net/tcp-flags.ts";
import type { CompiledMatch, MatchExtension } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, optionWords } from "../option-words.ts";

interface BitTest {
  readonly invert: boolean;
}

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly ecn: {
      readonly congestionWindowReduced: BitTest | null;
      readonly echo: BitTest | null;
      /** The two low bits of the TOS byte. */
      readonly codepoint: { readonly value: number; readonly invert: boolean } | null;
    };
  }
}

function bitMatch(bit: number, test: BitTest | null): readonly CompiledMatch[] {
  if (test === null) return [];
  const { invert } = test;
  return [
    {
      kind: "call",
      test: ({ packet }) =>
        packet.protocol === TCP && packet.fragmentOffset === 0 && ((packet.flags & bit) !== 0) !== invert,
    },
  ];
}

/** `-m ecn` (net/netfilter/xt_ecn.c): explicit congestion notification in the IP header and in the TCP flags. */
export const ecn: MatchExtension<"ecn"> = {
  options: {
    "ecn-tcp-cwr": { values: 0, negatable: true },
    "ecn-tcp-ece": { values: 0, negatable: true },
    "ecn-ip-ect": { values: 1, negatable: true },
  },
  parse(given, { protocol }) {
    const reduced = givenOption(given, "ecn-tcp-cwr");
    const echo = givenOption(given, "ecn-tcp-ece");
    const option = givenOption(given, "ecn-ip-ect");
    if (given.length === 0) return { problem: "some option required" };
    if ((reduced !== undefined || echo !== undefined) && protocol !== TCP) return { problem: "the rule needs -p tcp" };
    const value = option === undefined ? 0 : parseNumber(option.values[0] ?? "", 3);
    if (value === null) return { problem: "expected --ecn-ip-ect 0-3" };
    return {
      value: {
        congestionWindowReduced: reduced === undefined ? null : { invert: reduced.invert },
        echo: echo === undefined ? null : { invert: echo.invert },
        codepoint: option === undefined ? null : { value, invert: option.invert },
      },
    };
  },
  print: ({ congestionWindowReduced, echo, codepoint }) => [
    ...(echo === null ? [] : optionWords("ecn-tcp-ece", echo.invert)),
    ...(congestionWindowReduced === null ? [] : optionWords("ecn-tcp-cwr", congestionWindowReduced.invert)),
    ...(codepoint === null ? [] : optionWords("ecn-ip-ect", codepoint.invert, String(codepoint.value))),
  ],
  compile({ congestionWindowReduced, echo, codepoint }) {
    const tests: CompiledMatch[] = [...bitMatch(CWR, congestionWindowReduced), ...bitMatch(ECE, echo)];
    if (codepoint !== null) {
      const { value, invert } = codepoint;
      tests.push({ kind: "call", test: ({ packet }) => ((packet.tos & 3) === value) !== invert });
    }
    return tests;
  },
};
