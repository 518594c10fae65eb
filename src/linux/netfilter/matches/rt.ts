import { type Address, formatAddress, parseAddress, sameAddress } from "../../../net/address.ts";
import { findExtension } from "../../../net/ipv6-extension.ts";
import type { GivenOption, MatchExtension } from "../extension.ts";
import { parseNumber, type RangeTest } from "../option-values.ts";
import { givenOption, optionWords } from "../option-words.ts";
import { inRange32, isNumber, NUMBER_RANGE, type NumberTest, parseRange32, printRange32 } from "./spi-test.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly rt: {
      readonly type: NumberTest | null;
      readonly segmentsLeft: RangeTest | null;
      readonly length: NumberTest | null;
      readonly reserved: boolean;
      readonly addresses: readonly Address[];
      readonly notStrict: boolean;
    };
  }
}

const MOST = 16;

function numberTest(given: readonly GivenOption[], name: string): NumberTest | null | undefined {
  const option = givenOption(given, name);
  if (option === undefined) return null;
  const number = parseNumber(option.values[0] ?? "", 0xffffffff);
  return number === null ? undefined : { number, invert: option.invert };
}

function numberWords(name: string, test: NumberTest | null): readonly string[] {
  return test === null ? [] : optionWords(name, test.invert, String(test.number));
}

function parseAddresses(text: string | undefined): readonly Address[] | null {
  const addresses: Address[] = [];
  for (const word of text === undefined ? [] : text.split(",")) {
    const address = parseAddress(word);
    if (address?.family !== 6) return null;
    addresses.push(address);
  }
  return addresses.length > MOST ? null : addresses;
}

/** Strict: exactly these, in order; else these in order, with others before and between. */
function hasAddresses(listed: readonly Address[], wanted: readonly Address[], notStrict: boolean): boolean {
  if (!notStrict) {
    return listed.length === wanted.length && listed.every((address, index) => isAt(wanted, index, address));
  }
  let found = 0;
  for (const address of listed) if (isAt(wanted, found, address)) found++;
  return found === wanted.length;
}

function isAt(wanted: readonly Address[], index: number, address: Address): boolean {
  const other = wanted[index];
  return other !== undefined && sameAddress(other, address);
}

/**
 * `-m rt` (net/ipv6/netfilter/ip6t_rt.c): the first IPv6 routing header; a packet without one does not match. `--rt-0-res`
 * always holds: the reserved bits of packets here are zero.
 */
export const rt: MatchExtension<"rt"> = {
  options: {
    "rt-type": { values: 1, negatable: true },
    "rt-segsleft": NUMBER_RANGE,
    "rt-len": { values: 1, negatable: true },
    "rt-0-res": { values: 0, negatable: false },
    "rt-0-addrs": { values: 1, negatable: false },
    "rt-0-not-strict": { values: 0, negatable: false },
  },
  parse(given, { family }) {
    if (family === 4) return { problem: "rt is a match of IPv6" };
    const type = numberTest(given, "rt-type");
    const length = numberTest(given, "rt-len");
    const segments = parseRange32(given, "rt-segsleft");
    if ("problem" in segments) return segments;
    if (type === undefined || length === undefined) return { problem: "expected a number after --rt-type or --rt-len" };
    const addresses = parseAddresses(givenOption(given, "rt-0-addrs")?.values[0]);
    if (addresses === null) return { problem: `expected --rt-0-addrs with at most ${MOST} IPv6 addresses` };
    const reserved = givenOption(given, "rt-0-res") !== undefined;
    const notStrict = givenOption(given, "rt-0-not-strict") !== undefined;
    if ((reserved || notStrict || addresses.length > 0) && (type === null || type.number !== 0 || type.invert)) {
      return { problem: "the options of type 0 need --rt-type 0" };
    }
    return { value: { type, segmentsLeft: segments.value, length, reserved, addresses, notStrict } };
  },
  print: ({ type, segmentsLeft, length, reserved, addresses, notStrict }) => [
    ...numberWords("rt-type", type),
    ...printRange32("rt-segsleft", segmentsLeft),
    ...numberWords("rt-len", length),
    ...(reserved ? ["--rt-0-res"] : []),
    ...(addresses.length === 0 ? [] : ["--rt-0-addrs", addresses.map(formatAddress).join(",")]),
    ...(notStrict ? ["--rt-0-not-strict"] : []),
  ],
  compile: ({ type, segmentsLeft, length, addresses, notStrict }) => ({
    kind: "call",
    test({ packet }) {
      const header = findExtension(packet.extensions, "routing");
      if (header === null) return false;
      return (
        inRange32(segmentsLeft, header.segmentsLeft) &&
        isNumber(length, header.length) &&
        isNumber(type, header.type) &&
        (addresses.length === 0 || hasAddresses(header.addresses, addresses, notStrict))
      );
    },
  }),
};
