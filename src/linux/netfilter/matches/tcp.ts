import { describePacket } from "../../../net/packet.ts";
import { TCP } from "../../../net/protocol.ts";
import { ACK, FIN, PSH, RST, SYN, URG } from "../../../net/tcp-flags.ts";
import { MAXIMUM_SEGMENT_SIZE, NO_OPERATION } from "../../../net/tcp-option.ts";
import type { CompiledMatch, GivenOption, MatchExtension } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, optionWords } from "../option-words.ts";
import {
  compilePorts,
  compileTcpUdpPorts,
  PORT_OPTIONS,
  type PortOptions,
  parsePorts,
  printPorts,
} from "../port-options.ts";
import { unknownOutcome } from "../unknown-outcome.ts";

interface FlagTest {
  readonly mask: number;
  readonly compare: number;
  readonly invert: boolean;
}

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly tcp: PortOptions & {
      readonly flags: FlagTest | null;
      readonly option: { readonly number: number; readonly invert: boolean } | null;
    };
  }
}

/** In the order iptables-save prints them (libxt_tcp.c tcp_flag_names). */
const FLAGS: readonly (readonly [string, number])[] = [
  ["FIN", FIN],
  ["SYN", SYN],
  ["RST", RST],
  ["PSH", PSH],
  ["ACK", ACK],
  ["URG", URG],
];
const ALL = FIN | SYN | RST | PSH | ACK | URG;
/** TCP option numbers the packet model carries. */

function parseFlagNames(text: string): number | null {
  let bits = 0;
  for (const word of text.split(",")) {
    const name = word.toUpperCase();
    const flag = FLAGS.find(([known]) => known === name);
    if (name === "ALL") bits |= ALL;
    else if (flag !== undefined) bits |= flag[1];
    else if (name !== "NONE") return null;
  }
  return bits;
}

function formatFlagNames(bits: number): string {
  const names = FLAGS.filter(([, bit]) => (bits & bit) !== 0).map(([name]) => name);
  return names.length === 0 ? "NONE" : names.join(",");
}

function flagTest(given: readonly GivenOption[]): FlagTest | null | undefined {
  const syn = givenOption(given, "syn");
  if (syn !== undefined) return { mask: FIN | SYN | RST | ACK, compare: SYN, invert: syn.invert };
  const option = givenOption(given, "tcp-flags");
  if (option === undefined) return null;
  const mask = parseFlagNames(option.values[0] ?? "");
  const compare = parseFlagNames(option.values[1] ?? "");
  return mask === null || compare === null ? undefined : { mask, compare, invert: option.invert };
}

/**
 * `-m tcp` (net/netfilter/xt_tcpudp.c tcp_mt). `--syn` is short for `--tcp-flags FIN,SYN,RST,ACK SYN`. Of the TCP
 * options a packet here carries only the maximum segment size; whether another one is there is unknown.
 */
export const tcp: MatchExtension<"tcp"> = {
  options: {
    ...PORT_OPTIONS,
    "tcp-flags": { values: 2, negatable: true },
    syn: { values: 0, negatable: true },
    "tcp-option": { values: 1, negatable: true },
  },
  parse(given, context) {
    const ports = parsePorts(given, context.protocol, TCP);
    if ("problem" in ports) return ports;
    const flags = flagTest(given);
    if (flags === undefined) return { problem: "expected --tcp-flags mask comp, names of TCP flags" };
    const option = givenOption(given, "tcp-option");
    const number = option === undefined ? 0 : parseNumber(option.values[0] ?? "", 255);
    if (number === null) return { problem: "expected --tcp-option number" };
    return {
      value: { ...ports.value, flags, option: option === undefined ? null : { number, invert: option.invert } },
    };
  },
  // iptables-save leaves out a test of no flags, and prints the option before the flags.
  print: ({ flags, option, ...ports }) => [
    ...printPorts(ports),
    ...(option === null ? [] : optionWords("tcp-option", option.invert, String(option.number))),
    ...(flags === null || flags.mask === 0
      ? []
      : optionWords("tcp-flags", flags.invert, formatFlagNames(flags.mask), formatFlagNames(flags.compare))),
  ],
  compile(options, _rule, _family, backend) {
    const { flags, option } = options;
    // With a TCP option nft calls the module's match.
    const tests: CompiledMatch[] = [
      ...(option === null ? compileTcpUdpPorts(options, backend) : compilePorts(options)),
    ];
    if (flags !== null) {
      const { mask, compare, invert } = flags;
      tests.push({ kind: "call", test: (skb) => ((skb.packet.flags & mask) === compare) !== invert });
    }
    if (option !== null) {
      const { number, invert } = option;
      tests.push({
        kind: "call",
        test(skb, runtime) {
          const { packet } = skb;
          const present =
            number === MAXIMUM_SEGMENT_SIZE
              ? packet.mss > 0
              : (number === NO_OPERATION && packet.optionPadding > 0) ||
                unknownOutcome(runtime, {
                  code: "tcp-option",
                  item: `tcp option ${number}`,
                  fields: describePacket(skb.packet),
                  question: `does the segment carry TCP option ${number}?`,
                  no: "it does not",
                  yes: "it does",
                });
          return present !== invert;
        },
      });
    }
    return tests;
  },
};
