import { extensionNumber, isExtensionNumber, NO_NEXT_HEADER } from "../../../net/ipv6-extension.ts";
import { isFragment, type Packet } from "../../../net/packet.ts";
import { AH, ESP } from "../../../net/protocol.ts";
import type { MatchExtension } from "../extension.ts";
import { givenOption, optionWords } from "../option-words.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    /** Bits of the headers named, as in `struct ip6t_ipv6header_info`. */
    readonly ipv6header: { readonly headers: number; readonly invert: boolean; readonly soft: boolean };
  }
}

interface Header {
  readonly bit: number;
  readonly number: number;
  /** As iptables-save prints it. */
  readonly name: string;
  readonly alias: string;
}

const FRAGMENT = 16;
const ENCRYPTION = 4;
const NOTHING = 2;
const PROTOCOL = 1;

const HEADERS: readonly Header[] = [
  { bit: 128, number: 0, name: "hop-by-hop", alias: "hop" },
  { bit: 64, number: 60, name: "ipv6-opts", alias: "dst" },
  { bit: 32, number: 43, name: "ipv6-route", alias: "route" },
  { bit: FRAGMENT, number: 44, name: "ipv6-frag", alias: "frag" },
  { bit: 8, number: AH, name: "ah", alias: "auth" },
  { bit: ENCRYPTION, number: ESP, name: "esp", alias: "esp" },
  { bit: NOTHING, number: NO_NEXT_HEADER, name: "ipv6-nonxt", alias: "none" },
  { bit: PROTOCOL, number: 255, name: "protocol", alias: "prot" },
];

function parseHeaders(text: string): number | null {
  let bits = 0;
  for (const word of text.split(",")) {
    const found = HEADERS.find(({ number, name, alias }) => word === name || word === alias || word === String(number));
    if (found === undefined) return null;
    bits |= found.bit;
  }
  return bits;
}

function bitOf(wanted: number): number {
  return HEADERS.find(({ number }) => number === wanted)?.bit ?? 0;
}

/** ipv6header_mt6() takes ESP for an extension header, of which two octets have to be there. */
function endsEarly({ protocol, payloadLength, fragmentOffset }: Packet): boolean {
  return protocol === ESP && fragmentOffset === 0 && payloadLength < 2;
}

/** The headers that a packet has, and what it carries. */
function headersOf(packet: Packet): number {
  let bits = isFragment(packet) ? FRAGMENT : 0;
  for (const extension of packet.extensions ?? []) {
    // The kernel takes a mobility header for what is carried.
    const number = extensionNumber(extension);
    if (isExtensionNumber(number)) bits |= bitOf(number);
  }
  if (packet.protocol === ESP) return bits | ENCRYPTION;
  return bits | (packet.protocol === NO_NEXT_HEADER ? NOTHING : PROTOCOL);
}

/**
 * `-m ipv6header` (net/ipv6/netfilter/ip6t_ipv6header.c): exactly these extension headers, or with `--soft` at least
 * these. What is carried counts as `protocol`.
 */
export const ipv6header: MatchExtension<"ipv6header"> = {
  options: { header: { values: 1, negatable: true }, soft: { values: 0, negatable: false } },
  parse(given, { family }) {
    if (family === 4) return { problem: "ipv6header is a match of IPv6" };
    const option = givenOption(given, "header");
    const headers = parseHeaders(option?.values[0] ?? "");
    if (option === undefined || headers === null) return { problem: "expected --header names of extension headers" };
    return { value: { headers, invert: option.invert, soft: givenOption(given, "soft") !== undefined } };
  },
  print: ({ headers, invert, soft }) => [
    ...optionWords(
      "header",
      invert,
      HEADERS.filter(({ bit }) => (headers & bit) !== 0)
        .map(({ name }) => name)
        .join(","),
    ),
    ...(soft ? ["--soft"] : []),
  ],
  compile({ headers, invert, soft }) {
    const unwanted = invert ? 0xff : 0;
    return {
      kind: "call",
      test({ packet }) {
        if (endsEarly(packet)) return false;
        const present = headersOf(packet);
        return soft ? ((present ^ headers ^ unwanted) & headers) === 0 : (present === headers) !== invert;
      },
    };
  },
};
