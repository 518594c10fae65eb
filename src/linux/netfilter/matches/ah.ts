import type { Matches } from "../../../model/ruleset.ts";
import { AH } from "../../../net/protocol.ts";
import type { GivenOption, MatchExtension } from "../extension.ts";
import { parseNumber, type RangeTest } from "../option-values.ts";
import { givenOption, optionWords } from "../option-words.ts";
import { certainInRange, NUMBER_RANGE, parseRange32, printRange32 } from "./spi-test.ts";
import { askMatch } from "./unknown-match.ts";

interface LengthTest {
  readonly bytes: number;
  readonly invert: boolean;
}

declare module "../../../model/ruleset.ts" {
  interface Matches {
    /** The last two are IPv6's only. */
    readonly ah: { readonly spi: RangeTest | null; readonly length: LengthTest | null; readonly reserved: boolean };
  }
}

function lengthTest(given: readonly GivenOption[]): LengthTest | null | undefined {
  const option = givenOption(given, "ahlen");
  if (option === undefined) return null;
  const bytes = parseNumber(option.values[0] ?? "", 0xffffffff);
  return bytes === null ? undefined : { bytes, invert: option.invert };
}

function words({ spi, length, reserved }: Matches["ah"]): readonly string[] {
  return [
    ...printRange32("ahspi", spi),
    ...(length === null || length.bytes === 0 ? [] : optionWords("ahlen", length.invert, String(length.bytes))),
    ...(reserved ? ["--ahres"] : []),
  ];
}

/**
 * `-m ah` (net/ipv4/netfilter/ipt_ah.c, net/ipv6/netfilter/ip6t_ah.c). Packets carry no more of the header than that
 * it is there: its SPI, length and reserved bits are a question. For IPv4 further fragments never match.
 */
export const ah: MatchExtension<"ah"> = {
  options: {
    ahspi: NUMBER_RANGE,
    ahlen: { values: 1, negatable: true },
    ahres: { values: 0, negatable: false },
  },
  parse(given, { family, protocol }) {
    if (family === 4 && protocol !== AH) return { problem: "the rule needs -p ah" };
    const spi = parseRange32(given, "ahspi");
    if ("problem" in spi) return spi;
    const length = lengthTest(given);
    if (length === undefined) return { problem: "expected --ahlen bytes" };
    const reserved = givenOption(given, "ahres") !== undefined;
    if (family === 4 && (length !== null || reserved)) return { problem: "--ahlen and --ahres are options of IPv6" };
    return { value: { spi: spi.value, length, reserved } };
  },
  print: words,
  compile(options) {
    const inSpi = certainInRange(options.spi);
    const certain = options.length === null && !options.reserved ? inSpi : inSpi === false ? false : null;
    const onlySpi = options.length === null && !options.reserved;
    const invert = onlySpi && options.spi?.invert === true;
    const { spi } = options;
    const text = words({ ...options, spi: spi === null ? null : { ...spi, invert: spi.invert && !invert } });
    const question = { text: `ah ${text.join(" ")}`, invert, reason: "the authentication header is not known" };
    return {
      kind: "call",
      test: (skb, runtime) =>
        skb.packet.protocol === AH &&
        (skb.packet.fragmentOffset === 0 || skb.packet.src.family === 6) &&
        (certain === null ? askMatch(question, skb, runtime) : certain),
    };
  },
};
