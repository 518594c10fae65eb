import { compareAddresses } from "../../../net/address.ts";
import { describePacket } from "../../../net/packet.ts";
import { isFree, valueIn } from "../../free-value.ts";
import { UNKNOWN_INTERFACE } from "../../routing/unknown-route.ts";
import type { HostRuntime } from "../../runtime.ts";
import type { Skb } from "../../skb.ts";
import type { MatchFunction } from "../extension.ts";
import { nameMatches } from "../program.ts";
import { unknownOutcome } from "../unknown-outcome.ts";
import { leavesBy } from "../unknown-output.ts";
import { addressOf, addressWithin, type NftKey, type NftRange, NO_VALUE, numberOf, UNTOLD } from "./key.ts";

/** One key, or several joined by `.`; each element has a range for each key. */
export interface NftLookup {
  readonly keys: readonly NftKey[];
  readonly elements: readonly (readonly NftRange[])[];
  readonly invert: boolean;
}

/**
 * A comparison, or a set that is asked (net/netfilter/nft_cmp.c, nft_range.c, nft_lookup.c). A key that the packet has no value
 * for ends the rule, negated or not.
 */
export function compileLookup({ keys, elements, invert }: NftLookup): MatchFunction {
  const [only] = keys;
  if (keys.length === 1 && only !== undefined) {
    const ranges = elements.flatMap((element) => element.slice(0, 1));
    switch (only.kind) {
      case "number":
        return numberTest(only, ranges, invert);
      case "address":
        return addressTest(only, ranges, invert);
      case "name":
        return (skb, runtime) => ranges.some((range) => holds(only, range, skb, runtime)) !== invert;
    }
  }
  return (skb, runtime) => {
    if (!keys.every((key) => hasValue(key, skb))) return false;
    return elements.some((element) => elementHolds(keys, element, skb, runtime)) !== invert;
  };
}

type KeyOf<K extends NftKey["kind"]> = NftKey & { readonly kind: K };

function numberTest(key: KeyOf<"number">, ranges: readonly NftRange[], invert: boolean): MatchFunction {
  const sorted = ranges.flatMap((range) => (range.kind === "number" ? [range] : [])).sort((x, y) => x.first - y.first);
  const { of, mask = 0xffffffff } = key;
  return (skb, runtime) => {
    const value = numberOf(of, skb);
    if (value === NO_VALUE) return false;
    if (value === UNTOLD) return asked(sorted, key, skb, runtime) !== invert;
    if (isFree(value) && isPort(key)) {
      return valueIn(runtime.services.freeValues, runtime.services.choose, value, sorted) !== invert;
    }
    return isAmong(sorted, (value & mask) >>> 0, compareNumbers) !== invert;
  };
}

function isPort({ of }: KeyOf<"number">): boolean {
  return of === "sport" || of === "dport";
}

/** Whether a value lies in one of the ranges, which are sorted and do not overlap. */
function isAmong<T>(
  sorted: readonly { readonly first: T; readonly last: T }[],
  value: T,
  compare: (x: T, y: T) => number,
): boolean {
  let low = 0;
  let high = sorted.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const range = sorted[middle];
    if (range === undefined) return false;
    if (compare(value, range.first) < 0) high = middle - 1;
    else if (compare(value, range.last) > 0) low = middle + 1;
    else return true;
  }
  return false;
}

const compareNumbers = (x: number, y: number): number => x - y;

function addressTest(key: KeyOf<"address">, ranges: readonly NftRange[], invert: boolean): MatchFunction {
  const sorted = ranges
    .flatMap((range) => (range.kind === "address" ? [range] : []))
    .sort((x, y) => compareAddresses(x.first, y.first));
  return (skb) => isAmong(sorted, addressOf(key.of, skb), compareAddresses) !== invert;
}

function hasValue(key: NftKey, skb: Skb): boolean {
  return key.kind !== "number" || numberOf(key.of, skb) !== NO_VALUE;
}

function isOpen(value: number): boolean {
  return isFree(value) || value === UNTOLD;
}

/** What stands in the place of the port of a protocol without ports is a question. */
function asked(
  ranges: readonly { readonly first: number; readonly last: number }[],
  { of }: KeyOf<"number">,
  skb: Skb,
  runtime: HostRuntime,
): boolean {
  const words = ranges.map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`)).join(", ");
  return unknownOutcome(runtime, {
    code: "nft-chain",
    item: `th ${of} in ${words}`,
    fields: describePacket(skb.packet),
    question: `is "th ${of}" one of ${words}? the packet's protocol has no ports, and podpath does not model what stands there`,
    no: "it is not",
    yes: "it is",
  });
}

/** Ports that nobody has drawn yet are asked for last, and only where the rest of the element holds. */
function elementHolds(keys: readonly NftKey[], element: readonly NftRange[], skb: Skb, runtime: HostRuntime): boolean {
  const open: number[] = [];
  for (const [number, key] of keys.entries()) {
    const range = element[number];
    if (range === undefined) return false;
    if (key.kind === "number" && isPort(key) && isOpen(numberOf(key.of, skb))) open.push(number);
    else if (!holds(key, range, skb, runtime)) return false;
  }
  return open.every((number) => {
    const [key, range] = [keys[number], element[number]];
    return key !== undefined && range !== undefined && holds(key, range, skb, runtime);
  });
}

function holds(key: NftKey, range: NftRange, skb: Skb, runtime: HostRuntime): boolean {
  switch (key.kind) {
    case "number": {
      if (range.kind !== "number") return false;
      const value = numberOf(key.of, skb);
      if (value === UNTOLD) return asked([range], key, skb, runtime);
      if (isFree(value) && isPort(key)) {
        return valueIn(runtime.services.freeValues, runtime.services.choose, value, [range]);
      }
      const left = (value & (key.mask ?? 0xffffffff)) >>> 0;
      return left >= range.first && left <= range.last;
    }
    case "address":
      return range.kind === "address" && addressWithin(addressOf(key.of, skb), range.first, range.last);
    case "name": {
      if (range.kind !== "name") return false;
      // without a device the name is empty (nft_meta_store_ifname())
      const name = (key.of === "iifname" ? skb.input : skb.output)?.name ?? "";
      return name === UNKNOWN_INTERFACE ? leavesBy(runtime, skb, range) : nameMatches(range, name);
    }
  }
}
