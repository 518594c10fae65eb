import type { Targets } from "../../../model/ruleset.ts";
import type { Address, Family } from "../../../net/address.ts";
import { isIcmpError, isIcmpv6Error } from "../../../net/icmp.ts";
import type { Packet } from "../../../net/packet.ts";
import { addressBits, maskAddress, netmask } from "../../../net/prefix.ts";
import { AH, ESP, hasPorts, ICMP, ICMPV6 } from "../../../net/protocol.ts";
import { drawnNumber, drawnResult, isFree } from "../../free-value.ts";
import type { HostRuntime } from "../../runtime.ts";
import type { GivenOption, Parsed, TargetExtension } from "../extension.ts";
import { hashThreeWords, scaleHash } from "../matches/jenkins-hash.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, givenValue } from "../option-words.ts";
import { XT_CONTINUE } from "../verdict.ts";

/** Options in the order iptables-save prints them, with the digits of hexadecimal ones. */
const NUMBERS = [
  ["src-prefix", 128, 0],
  ["dst-prefix", 128, 0],
  ["sport-mask", 0xffff, 4],
  ["dport-mask", 0xffff, 4],
  ["spi-mask", 0xffffffff, 8],
  ["sport", 0xffff, 4],
  ["dport", 0xffff, 4],
  ["spi", 0xffffffff, 8],
  ["proto-mask", 0xffff, 2],
  ["rnd", 0xffffffff, 8],
  ["mod", 0xffffffff, 0],
  ["offset", 0xffffffff, 0],
] as const;

type NumberName = (typeof NUMBERS)[number][0];

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly HMARK: {
      /** Options by name with their numbers, as given; masks of a tuple are whole ones. */
      readonly numbers: Readonly<Partial<Record<NumberName, number>>>;
      /** Hash the connection instead of the packet. */
      readonly connection: boolean;
    };
  }
}

const TUPLE: ReadonlyMap<string, NumberName> = new Map<string, NumberName>([
  ["src", "src-prefix"],
  ["dst", "dst-prefix"],
  ["sport", "sport-mask"],
  ["dport", "dport-mask"],
  ["spi", "spi-mask"],
  ["proto", "proto-mask"],
]);

function parseHmark(given: readonly GivenOption[], family: Family): Parsed<Targets["HMARK"]> {
  const numbers: Partial<Record<NumberName, number>> = {};
  const bits = addressBits(family);
  let connection = false;
  for (const word of givenValue(given, "hmark-tuple")?.split(",") ?? []) {
    const name = TUPLE.get(word);
    if (word === "ct") connection = true;
    else if (name === undefined) return { problem: "expected --hmark-tuple src,dst,sport,dport,spi,proto,ct" };
    else if (name.endsWith("prefix")) numbers[name] = bits;
    else numbers[name] = name === "spi-mask" ? 0xffffffff : 0xffff;
  }
  for (const [name, max] of NUMBERS) {
    const option = givenOption(given, `hmark-${name}`);
    if (option === undefined) continue;
    const number = parseNumber(option.values[0] ?? "", name.endsWith("prefix") ? bits : max);
    if (number === null) return { problem: `bad value of --hmark-${name}` };
    // A tuple's mask is not overridden (observed with 1.8.9).
    if (numbers[name] === undefined) numbers[name] = number;
  }
  const { spi, mod, rnd } = numbers;
  const ports = [numbers.sport, numbers.dport, numbers["sport-mask"], numbers["dport-mask"]];
  if ((spi ?? numbers["spi-mask"]) !== undefined && ports.some((number) => number !== undefined)) {
    return { problem: "an SPI and ports exclude each other" };
  }
  if (!connection && NUMBERS.slice(0, 9).every(([name]) => numbers[name] === undefined)) {
    return { problem: "you have to specify --hmark-tuple at least" };
  }
  if ((mod ?? 0) === 0) return { problem: "--hmark-mod is mandatory" };
  if (rnd === undefined) return { problem: "--hmark-rnd is mandatory" };
  return { value: { numbers, connection } };
}

function printHmark({ numbers, connection }: Targets["HMARK"]): readonly string[] {
  return [
    ...NUMBERS.flatMap(([name, , digits]) => {
      const value = numbers[name];
      if (value === undefined) return [];
      const text = digits === 0 ? String(value) : `0x${value.toString(16).padStart(digits, "0")}`;
      return [`--hmark-${name}`, text];
    }),
    ...(connection ? ["--hmark-tuple", "ct"] : []),
  ];
}

/** The four words of a masked address folded into one (hmark_addr6_mask). */
function fold(address: Address, mask: Address): number {
  const { a, b, c, d } = maskAddress(address, mask);
  return (a ^ b ^ c ^ d) >>> 0;
}

function isError({ protocol, icmpType }: Packet): boolean {
  return protocol === ICMP ? isIcmpError(icmpType) : protocol === ICMPV6 && isIcmpv6Error(icmpType);
}

/** The packet that is hashed: the one in hand, or the one that an ICMP error quotes. */
function hashed(packet: Packet): Packet {
  return packet.inner !== null && isError(packet) ? packet.inner : packet;
}

/**
 * `-j HMARK` (net/netfilter/xt_HMARK.c): the mark becomes a hash of the flow, the same in both directions, scaled to
 * `--hmark-mod` values from `--hmark-offset` on. The hash is computed as the kernel does it; of a port that the kernel drew it is a draw
 * among the marks that there may be. Where an SPI that packets do not carry is part of it, the mark is taken as the offset, and answers say
 * that they rest on a guess.
 */
export const HMARK: TargetExtension<"HMARK"> = {
  options: {
    "hmark-tuple": { values: 1, negatable: false },
    ...Object.fromEntries(NUMBERS.map(([name]) => [`hmark-${name}`, { values: 1, negatable: false }])),
  },
  parse: (given, { family }) => parseHmark(given, family),
  print: printHmark,
  compile(options, _rule, family) {
    const { numbers } = options;
    const sourceMask = netmask(family, numbers["src-prefix"] ?? 0);
    const destinationMask = netmask(family, numbers["dst-prefix"] ?? 0);
    const spi = numbers["spi-mask"];
    // The SPI and the ports share their place in the kernel.
    const sourcePortMask = numbers["sport-mask"] ?? (spi === undefined ? 0 : spi >>> 16);
    const destinationPortMask = numbers["dport-mask"] ?? (spi === undefined ? 0 : spi & 0xffff);
    const sourcePortSet = numbers.sport ?? (numbers.spi ?? 0) >>> 16;
    const destinationPortSet = numbers.dport ?? (numbers.spi ?? 0) & 0xffff;
    const protocolMask = numbers["proto-mask"] ?? 0;
    const seed = numbers.rnd ?? 0;
    const count = numbers.mod ?? 1;
    const offset = numbers.offset ?? 0;
    const mark = (source: Address, destination: Address, protocol: number, sport: number, dport: number): number => {
      const one = fold(source, sourceMask);
      const other = fold(destination, destinationMask);
      const first = ((sport & sourcePortMask) | sourcePortSet) & 0xffff;
      const second = ((dport & destinationPortMask) | destinationPortSet) & 0xffff;
      const ports = sport < 0 ? 0 : ((Math.max(first, second) << 16) | Math.min(first, second)) >>> 0;
      const hash = hashThreeWords(Math.min(one, other), Math.max(one, other), ports, seed);
      return (scaleHash((hash ^ (protocol & protocolMask)) >>> 0, count) + offset) >>> 0;
    };
    const draw = (
      { services: { freeValues, choose } }: HostRuntime,
      [source, destination, protocol]: readonly [Address, Address, number],
      sport: number,
      dport: number,
    ): number => {
      const other = isFree(sport) && isFree(dport) ? drawnNumber(freeValues, choose, dport) : dport;
      const [free, of] = isFree(other)
        ? [other, (port: number) => mark(source, destination, protocol, sport, port)]
        : [sport, (port: number) => mark(source, destination, protocol, port, other)];
      const question = "which mark does -j HMARK compute of the port that was drawn?";
      return drawnResult(freeValues, choose, free, { question, of, label: (made) => `0x${made.toString(16)}` });
    };
    return (skb, runtime) => {
      if (options.connection) {
        if (skb.connection === null) return XT_CONTINUE;
        const { original, reply } = skb.connection;
        const without = original.protocol === ICMP;
        const sport = without ? -1 : original.sport;
        skb.mark = draw(runtime, [original.src, reply.src, original.protocol], sport, without ? -1 : reply.sport);
        return XT_CONTINUE;
      }
      const { fragmentOffset, moreFragments } = skb.packet;
      const { src, dst, protocol, sport, dport } = hashed(skb.packet);
      const whole = fragmentOffset === 0 && !moreFragments;
      if (whole && (protocol === ESP || protocol === AH) && (sourcePortMask | destinationPortMask) !== 0) {
        runtime.services.assume(runtime, "mark-of-spi", `the mark that -j HMARK computes of an SPI is ${offset}`);
        skb.mark = offset;
      } else if (whole && hasPorts(protocol)) skb.mark = draw(runtime, [src, dst, protocol], sport, dport);
      else skb.mark = mark(src, dst, protocol, -1, -1);
      return XT_CONTINUE;
    };
  },
};
