import { type Address, compareAddresses, type Family, formatAddress, parseAddress } from "../../../net/address.ts";
import type { GivenOption, MatchExtension } from "../extension.ts";
import { givenOption, optionWords } from "../option-words.ts";

interface AddressRangeTest {
  readonly first: Address;
  readonly last: Address;
  readonly invert: boolean;
}

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly iprange: {
      readonly source: AddressRangeTest | null;
      readonly destination: AddressRangeTest | null;
    };
  }
}

function rangeTest(given: readonly GivenOption[], name: string, family: Family): AddressRangeTest | null | undefined {
  const option = givenOption(given, name);
  if (option === undefined) return null;
  const [head = "", tail = head] = (option.values[0] ?? "").split("-");
  const first = parseAddress(head);
  const last = parseAddress(tail);
  if (first === null || last === null || first.family !== family || last.family !== family) return undefined;
  return { first, last, invert: option.invert };
}

function words(name: string, test: AddressRangeTest | null): readonly string[] {
  if (test === null) return [];
  return optionWords(name, test.invert, `${formatAddress(test.first)}-${formatAddress(test.last)}`);
}

function holds(test: AddressRangeTest | null, address: Address): boolean {
  if (test === null) return true;
  const inside = compareAddresses(address, test.first) >= 0 && compareAddresses(address, test.last) <= 0;
  return inside !== test.invert;
}

/** `-m iprange` (net/netfilter/xt_iprange.c). A range written backwards loads, and holds nothing. */
export const iprange: MatchExtension<"iprange"> = {
  options: {
    "src-range": { values: 1, negatable: true },
    "dst-range": { values: 1, negatable: true },
  },
  parse(given, context) {
    const source = rangeTest(given, "src-range", context.family);
    const destination = rangeTest(given, "dst-range", context.family);
    if (source === undefined || destination === undefined) return { problem: "bad IP address range" };
    if (source === null && destination === null) return { problem: "you must specify --src-range or --dst-range" };
    return { value: { source, destination } };
  },
  print: (options) => [...words("src-range", options.source), ...words("dst-range", options.destination)],
  compile: ({ source, destination }) => ({
    kind: "call",
    test: ({ packet }) => holds(source, packet.src) && holds(destination, packet.dst),
  }),
};
