import { ICMP } from "../../../net/protocol.ts";
import type { MatchExtension } from "../extension.ts";
import { formatIcmpType, type IcmpName, type IcmpTypeTest, parseIcmpType } from "../icmp-type.ts";
import { givenOption, optionWords } from "../option-words.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    /** Type 255 means any type. */
    readonly icmp: IcmpTypeTest & { readonly invert: boolean };
  }
}

const ANY_TYPE = 255;

/** extensions/libxt_icmp.h icmp_codes. */
const NAMES: readonly IcmpName[] = [
  ["any", ANY_TYPE],
  ["echo-reply", 0],
  ["pong", 0],
  ["destination-unreachable", 3],
  ["network-unreachable", 3, 0],
  ["host-unreachable", 3, 1],
  ["protocol-unreachable", 3, 2],
  ["port-unreachable", 3, 3],
  ["fragmentation-needed", 3, 4],
  ["source-route-failed", 3, 5],
  ["network-unknown", 3, 6],
  ["host-unknown", 3, 7],
  ["network-prohibited", 3, 9],
  ["host-prohibited", 3, 10],
  ["TOS-network-unreachable", 3, 11],
  ["TOS-host-unreachable", 3, 12],
  ["communication-prohibited", 3, 13],
  ["host-precedence-violation", 3, 14],
  ["precedence-cutoff", 3, 15],
  ["source-quench", 4],
  ["redirect", 5],
  ["network-redirect", 5, 0],
  ["host-redirect", 5, 1],
  ["TOS-network-redirect", 5, 2],
  ["TOS-host-redirect", 5, 3],
  ["echo-request", 8],
  ["ping", 8],
  ["router-advertisement", 9],
  ["router-solicitation", 10],
  ["time-exceeded", 11],
  ["ttl-exceeded", 11],
  ["ttl-zero-during-transit", 11, 0],
  ["ttl-zero-during-reassembly", 11, 1],
  ["parameter-problem", 12],
  ["ip-header-bad", 12, 0],
  ["required-option-missing", 12, 1],
  ["timestamp-request", 13],
  ["timestamp-reply", 14],
  ["address-mask-request", 17],
  ["address-mask-reply", 18],
];

/** `-m icmp [!] --icmp-type` (net/ipv4/netfilter/ip_tables.c icmp_match). Further fragments never match. */
export const icmp: MatchExtension<"icmp"> = {
  options: { "icmp-type": { values: 1, negatable: true } },
  parse(given, context) {
    if (context.protocol !== ICMP) return { problem: "the rule needs -p icmp" };
    const option = givenOption(given, "icmp-type");
    if (option === undefined) return { problem: 'option "--icmp-type" must be specified' };
    const test = parseIcmpType(NAMES, option.values[0] ?? "");
    return test === null ? { problem: "unknown ICMP type" } : { value: { ...test, invert: option.invert } };
  },
  print: (options) =>
    optionWords("icmp-type", options.invert, options.type === ANY_TYPE ? "any" : formatIcmpType(options)),
  compile({ type, firstCode, lastCode, invert }) {
    return {
      kind: "call",
      test({ packet }) {
        if (packet.fragmentOffset > 0) return false;
        const equal =
          type === ANY_TYPE ||
          (packet.icmpType === type && packet.icmpCode >= firstCode && packet.icmpCode <= lastCode);
        return equal !== invert;
      },
    };
  },
};
