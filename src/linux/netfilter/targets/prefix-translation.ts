import { type Address, ipv6, sameAddress } from "../../../net/address.ts";
import { V6_DEST_UNREACHABLE, V6_ERRONEOUS_HEADER, V6_PARAMETER_PROBLEM } from "../../../net/icmp.ts";
import type { Packet } from "../../../net/packet.ts";
import { formatPrefix, maskAddress, netmask, type Prefix, parseInterfaceAddress } from "../../../net/prefix.ts";
import { ICMPV6 } from "../../../net/protocol.ts";
import { sendIcmpv6Error } from "../../icmpv6.ts";
import type { GivenOption, OptionSpec, Parsed, TargetFunction } from "../extension.ts";
import { givenValue } from "../option-words.ts";
import { NF_DROP, XT_CONTINUE } from "../verdict.ts";

/** What SNPT and DNPT share: prefixes of at most 64 bits. */
export interface PrefixTranslation {
  readonly from: Prefix;
  readonly to: Prefix;
}

export const PREFIX_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  "src-pfx": { values: 1, negatable: false },
  "dst-pfx": { values: 1, negatable: false },
};

const LONGEST = 64;

/** ip6t_npt_checkentry(): no longer than 64 bits, and no bits beyond the prefix. */
function parseOne(text: string | null): Prefix | null {
  const parsed = parseInterfaceAddress(text ?? "");
  if (parsed === null || parsed.address.family !== 6 || parsed.length > LONGEST) return null;
  return sameAddress(maskAddress(parsed.address, netmask(6, parsed.length)), parsed.address) ? parsed : null;
}

export function parseTranslation(given: readonly GivenOption[], family: number): Parsed<PrefixTranslation> {
  const from = parseOne(givenValue(given, "src-pfx"));
  const to = parseOne(givenValue(given, "dst-pfx"));
  if (family === 4 || from === null || to === null) {
    return { problem: `expected --src-pfx and --dst-pfx, IPv6 prefixes of at most ${LONGEST} bits` };
  }
  return { value: { from, to } };
}

export function printTranslation({ from, to }: PrefixTranslation): readonly string[] {
  // The tool leaves out a prefix of everything.
  return [
    ...(from.length === 0 ? [] : ["--src-pfx", formatPrefix(from)]),
    ...(to.length === 0 ? [] : ["--dst-pfx", formatPrefix(to)]),
  ];
}

function halves({ a, b, c, d }: Address): number[] {
  return [a, b, c, d].flatMap((word) => [word >>> 16, word & 0xffff]);
}

/** Adds 16-bit words as the Internet checksum does. */
function sum(words: readonly number[]): number {
  let total = words.reduce((one, other) => one + other, 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

/**
 * ip6t_npt_map_pfx() (net/ipv6/netfilter/ip6t_NPT.c, RFC 6296): the prefix is replaced and one further 16-bit word
 * changed so that checksums stay as they are. Null where no word can take the difference.
 */
function mapPrefix(address: Address, { from, to }: PrefixTranslation, adjustment: number): Address | null {
  const length = Math.max(from.length, to.length);
  const mask = netmask(6, length);
  const words = halves(address);
  const wanted = halves(to.address);
  const kept = halves(mask);
  const mapped = words.map((word, at) => (word & ~(kept[at] ?? 0)) | ((wanted[at] ?? 0) & (kept[at] ?? 0)));
  const at = length <= 48 ? 3 : mapped.findIndex((word, index) => index >= 4 && word !== 0xffff);
  if (at < 0) return null;
  const changed = sum([mapped[at] ?? 0, adjustment]);
  mapped[at] = changed === 0xffff ? 0 : changed;
  const word = (index: number): number => ((mapped[index] ?? 0) << 16) | (mapped[index + 1] ?? 0);
  return ipv6(word(0), word(2), word(4), word(6));
}

/** The packet that an ICMPv6 error quotes (icmpv6_bounced_ipv6hdr: types 1 to 4). */
function quoted({ protocol, icmpType, inner }: Packet): Packet | null {
  return protocol === ICMPV6 && icmpType >= V6_DEST_UNREACHABLE && icmpType <= 4 ? inner : null;
}

/** Where the addresses stand in the IPv6 header, to which a parameter problem points. */
const ADDRESS_FIELD = { src: 8, dst: 24 };

/** ip6t_snpt_tg() and ip6t_dnpt_tg(); of an ICMPv6 error the other address of what it quotes is mapped as well. */
export function translate(options: PrefixTranslation, side: "src" | "dst"): TargetFunction {
  const other = side === "src" ? "dst" : "src";
  const mask = netmask(6, options.from.length);
  const adjustment = sum([
    ...halves(options.from.address),
    ...halves(options.to.address).map((word) => ~word & 0xffff),
  ]);
  return (skb, runtime) => {
    const { packet } = skb;
    const mapped = mapPrefix(packet[side], options, adjustment);
    if (mapped === null) {
      skb.rejected = true;
      sendIcmpv6Error(runtime, skb, V6_PARAMETER_PROBLEM, V6_ERRONEOUS_HEADER, ADDRESS_FIELD[side]);
      return NF_DROP;
    }
    packet[side] = mapped;
    const inner = quoted(packet);
    if (inner !== null && sameAddress(maskAddress(inner[other], mask), options.from.address)) {
      inner[other] = mapPrefix(inner[other], options, adjustment) ?? inner[other];
    }
    return XT_CONTINUE;
  };
}
