import type { Matches } from "../../../model/ruleset.ts";
import { findExtension } from "../../../net/ipv6-extension.ts";
import { AH } from "../../../net/protocol.ts";
import type { GivenOption, MatchExtension } from "../extension.ts";
import { parseNumber, type RangeTest } from "../option-values.ts";
import { givenOption, optionWords } from "../option-words.ts";
import { isReadable } from "./cut-short.ts";
import { certainInRange, inRange32, isNumber, NUMBER_RANGE, parseRange32, printRange32 } from "./spi-test.ts";
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

/** Octets of `struct ip_auth_hdr` without its data. */
const HEADER = 12;

/**
 * `-m ah` (net/ipv4/netfilter/ipt_ah.c, net/ipv6/netfilter/ip6t_ah.c). IPv4 packets carry no more of the header than that it
 * is there: its SPI is a question; further fragments never match. `--ahres` always holds: reserved bits are zero here.
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
  compile({ spi, length }, _rule, family) {
    if (family === 6) {
      const bytes = length === null || length.bytes === 0 ? null : { number: length.bytes, invert: length.invert };
      return {
        kind: "call",
        test({ packet }) {
          const header = findExtension(packet.extensions, "authentication");
          return header !== null && inRange32(spi, header.spi) && isNumber(bytes, header.length);
        },
      };
    }
    const certain = certainInRange(spi);
    const text = ["ah", ...printRange32("ahspi", spi === null ? null : { ...spi, invert: false })].join(" ");
    const question = { text, invert: spi?.invert === true, reason: "the authentication header is not known" };
    return {
      kind: "call",
      test: (skb, runtime) =>
        skb.packet.protocol === AH &&
        skb.packet.fragmentOffset === 0 &&
        isReadable(skb, HEADER) &&
        (certain === null ? askMatch(question, skb, runtime) : certain),
    };
  },
};
