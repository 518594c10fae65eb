import { ICMPV6 } from "../../../net/protocol.ts";
import type { MatchExtension } from "../extension.ts";
import { formatIcmpType, type IcmpName, type IcmpTypeTest, parseIcmpType } from "../icmp-type.ts";
import { givenOption, optionWords } from "../option-words.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly icmp6: IcmpTypeTest & { readonly invert: boolean };
  }
}

/** extensions/libxt_icmp.h icmpv6_codes. */
const NAMES: readonly IcmpName[] = [
  ["destination-unreachable", 1],
  ["no-route", 1, 0],
  ["communication-prohibited", 1, 1],
  ["beyond-scope", 1, 2],
  ["address-unreachable", 1, 3],
  ["port-unreachable", 1, 4],
  ["failed-policy", 1, 5],
  ["reject-route", 1, 6],
  ["packet-too-big", 2],
  ["time-exceeded", 3],
  ["ttl-exceeded", 3],
  ["ttl-zero-during-transit", 3, 0],
  ["ttl-zero-during-reassembly", 3, 1],
  ["parameter-problem", 4],
  ["bad-header", 4, 0],
  ["unknown-header-type", 4, 1],
  ["unknown-option", 4, 2],
  ["echo-request", 128],
  ["ping", 128],
  ["echo-reply", 129],
  ["pong", 129],
  ["router-solicitation", 133],
  ["router-advertisement", 134],
  ["neighbour-solicitation", 135],
  ["neighbor-solicitation", 135],
  ["neighbour-advertisement", 136],
  ["neighbor-advertisement", 136],
  ["redirect", 137],
];

/** `-m icmp6 [!] --icmpv6-type` (net/ipv6/netfilter/ip6_tables.c icmp6_match): no type means "any" here. */
export const icmp6: MatchExtension<"icmp6"> = {
  options: { "icmpv6-type": { values: 1, negatable: true } },
  parse(given, context) {
    if (context.protocol !== ICMPV6) return { problem: "the rule needs -p icmpv6" };
    const option = givenOption(given, "icmpv6-type");
    if (option === undefined) return { problem: 'option "--icmpv6-type" must be specified' };
    const test = parseIcmpType(NAMES, option.values[0] ?? "");
    return test === null ? { problem: "unknown ICMPv6 type" } : { value: { ...test, invert: option.invert } };
  },
  print: (options) => optionWords("icmpv6-type", options.invert, formatIcmpType(options)),
  compile({ type, firstCode, lastCode, invert }) {
    return {
      kind: "call",
      test({ packet }) {
        if (packet.fragmentOffset > 0) return false;
        const equal = packet.icmpType === type && packet.icmpCode >= firstCode && packet.icmpCode <= lastCode;
        return equal !== invert;
      },
    };
  },
};
