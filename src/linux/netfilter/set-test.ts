import type { IpSet, SetMember, SetSkbInfo } from "../../model/ip-set.ts";
import { formatAddress } from "../../net/address.ts";
import { packetLength } from "../../net/packet.ts";
import { portSet } from "../../net/port-set.ts";
import { formatProtocol } from "../../net/protocol.ts";
import { drawnNumber, isFree, isOneOfFew, valueIn } from "../free-value.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";
import { noteVolatile, recording } from "../walk-record.ts";
import { drawnMember, isTakenOut } from "./drawn-member.ts";
import { frameMac, untoldMac } from "./frame-mac.ts";
import { setAdd } from "./set-change.ts";
import {
  ANY_NAME,
  type Dimension,
  decidingPorts,
  findEntry,
  holdsButPort,
  NO_NAME,
  type SetIndex,
  setDimensions,
} from "./set-index.ts";
import { fillQuery, query, type SetSides, setPort } from "./set-query.ts";
import { countedUnknown, currentIndex, entryCounters } from "./set-state.ts";
import { unknownOutcome } from "./unknown-outcome.ts";

export interface CounterTest {
  readonly comparison: "eq" | "ne" | "lt" | "gt";
  readonly value: number;
}

/** What a rule asks of a set (`struct ip_set_adt_opt`). */
export interface SetTest {
  readonly name: string;
  readonly sides: SetSides;
  readonly returnNomatch: boolean;
  /** Whether members that are found count the packet. */
  readonly updateCounters: boolean;
  /** The same of the members of sets in a list:set. */
  readonly updateSubcounters: boolean;
  readonly packets: CounterTest | null;
  readonly bytes: CounterTest | null;
}

/** Filled by `setHolds` with what the deciding member gives to packets. */
export interface SetAnswer {
  info: SetSkbInfo | null;
}

/**
 * ip_set_test() (net/netfilter/ipset/ip_set_core.c): whether the packet is in the set; with `returnNomatch`, whether a
 * `nomatch` member holds it instead. A set with fewer sides given than it has dimensions, or of the other family, holds
 * nothing. Sets that are not there, incomplete, or of a type podpath does not know ask the chooser.
 */
export function setHolds(runtime: HostRuntime, test: SetTest, skb: Skb, answer: SetAnswer | null = null): boolean {
  const { name, sides } = test;
  const set = runtime.host.ipSets.get(name);
  if (set === undefined) return unknownMembership(runtime, test, null, skb);
  if (recording.current !== null && (runtime.sets.has(name) || changesByItself(set))) noteVolatile();
  if (set.type === "list:set") return listHolds(runtime, set, test, skb, answer);
  const index = currentIndex(runtime, set, sides[0] === "src" ? skb.packet.src : skb.packet.dst);
  if (index === null) return unknownMembership(runtime, test, null, skb);
  if (sides.length < index.dimensions.length) return false;
  if (index.family !== null && index.family !== skb.packet.src.family) return false;
  if (!fillQuery(runtime, index, sides, skb)) return false;
  if (query.untold && dependsOnMac(index, runtime.services.now())) {
    return unknownMembership(runtime, test, index.dimensions, skb);
  }
  const held = queryHolds(runtime, index, test, skb, answer);
  // A missing member can add a match, and in sets of nets also take one away.
  if (set.complete || (held && !index.hasNets)) return held;
  return unknownMembership(runtime, test, index.dimensions, skb);
}

/** Members go after a time, count packets, or are completed by them. */
function changesByItself({ type, header }: IpSet): boolean {
  return type === "bitmap:ip,mac" || /\b(?:timeout|counters)\b/.test(header);
}

/** Whether the packet in `query`, whose MAC address is not told, is in the set with some MAC address and not with others. */
function dependsOnMac(index: SetIndex, now: number): boolean {
  for (const name of index.names.values()) {
    query.name = name;
    const found = findEntry(index, query, now, null);
    if (found >= 0 && index.entries[found]?.name === name) return true;
  }
  query.name = NO_NAME;
  return false;
}

/** list_set_ktest(): the first member set that holds the packet, and whose own counters are right, decides. */
function listHolds(runtime: HostRuntime, list: IpSet, test: SetTest, skb: Skb, answer: SetAnswer | null): boolean {
  const now = runtime.services.now();
  const words = list.header.split(/\s+/);
  const counts = words.includes("counters");
  const skbInfo = words.includes("skbinfo");
  const updateCounters = test.updateCounters && test.updateSubcounters;
  for (const [at, member] of list.members.entries()) {
    const [element] = member.elements;
    if (element?.kind !== "set" || (member.timeout !== null && member.timeout > 0 && now > member.timeout)) continue;
    // The kernel takes no list:set into a list:set.
    if (runtime.host.ipSets.get(element.name)?.type === "list:set") continue;
    const inner: SetTest = { ...test, name: element.name, updateCounters, packets: null, bytes: null };
    if (!setHolds(runtime, inner, skb, answer)) continue;
    if (counts && !countersHold(runtime, list, null, at, member, test, skb)) continue;
    if (skbInfo && answer !== null) answer.info = member.skbInfo ?? null;
    return true;
  }
  return list.complete ? false : unknownMembership(runtime, test, null, skb);
}

/** Stands for the number of a member that is one of many, whose counters are nobody's. */
const ONE_OF_MANY = Number.MIN_SAFE_INTEGER;

function queryHolds(runtime: HostRuntime, index: SetIndex, test: SetTest, skb: Skb, answer: SetAnswer | null): boolean {
  const { services } = runtime;
  const { freeValues, choose } = services;
  const now = services.now();
  const { set, options } = index;
  const wantsNomatch = test.returnNomatch && index.hasNets;
  const drawn = drawnMember(runtime, index, query.port, (entry) => holdsButPort(index, entry, query));
  if (drawn !== undefined && (!options.counters || countersHold(runtime, set, index, drawn.number, null, test, skb))) {
    return !wantsNomatch;
  }
  if (isFree(query.port)) {
    if (isTakenOut(index, query.port, (entry) => holdsButPort(index, entry, query))) return false;
    const { match, nomatch } = decidingPorts(index, query, now);
    // Nothing but the ports counts where members are all alike.
    if (!options.counters && !options.skbInfo) {
      return valueIn(freeValues, choose, query.port, wantsNomatch ? nomatch : match);
    }
    if (!valueIn(freeValues, choose, query.port, portSet([...match, ...nomatch]))) return false;
    if (!isOneOfFew(freeValues, query.port)) {
      const isWanted = valueIn(freeValues, choose, query.port, wantsNomatch ? nomatch : match);
      return isWanted && countersHold(runtime, set, index, ONE_OF_MANY, null, test, skb);
    }
    query.port = drawnNumber(freeValues, choose, query.port);
  }
  const counting = options.counters
    ? (entry: number) =>
        index.entries[entry]?.name === ANY_NAME ||
        countersHold(runtime, set, index, entry, index.entries[entry]?.member ?? null, test, skb)
    : null;
  const found = findEntry(index, query, now, counting);
  if (found < 0) return false;
  const entry = index.entries[found];
  if (answer !== null && options.skbInfo) answer.info = entry?.member?.skbInfo ?? null;
  // The MAC address of the first packet stays (-EAGAIN in bitmap_ipmac_do_test).
  if (entry?.name === ANY_NAME) setAdd(runtime, set, { sides: test.sides, exist: false, timeout: null }, skb);
  if (!index.hasNets) return true;
  return (entry?.member?.nomatch === true) === test.returnNomatch;
}

/** ip_set_match_extensions(): the member counts the packet, then its counters are compared. */
function countersHold(
  runtime: HostRuntime,
  set: IpSet,
  index: SetIndex | null,
  entry: number,
  member: SetMember | null,
  test: SetTest,
  skb: Skb,
): boolean {
  const { packets, bytes } = test;
  const counters = entryCounters(runtime, set, index, entry, member);
  if (counters === null) {
    // Each packet may be the one from which on a comparison turns out otherwise.
    const counted = countedUnknown(runtime, set, index, entry, test.updateCounters);
    if (packets === null && bytes === null) return true;
    return unknownOutcome(runtime, {
      code: "set-counters",
      item: `counters of set ${set.name}`,
      fields: `${entry} ${JSON.stringify([packets, bytes])} ${counted}`,
      question: `are the counters of the member of set ${set.name} as the rule wants them?`,
      no: "they are not",
      yes: "they are",
      command: "ipset save",
    });
  }
  if (test.updateCounters) {
    counters.packets++;
    counters.bytes += packetLength(skb.packet);
  }
  return counterHolds(packets, counters.packets) && counterHolds(bytes, counters.bytes);
}

function counterHolds(test: CounterTest | null, value: number): boolean {
  if (test === null) return true;
  switch (test.comparison) {
    case "eq":
      return value === test.value;
    case "ne":
      return value !== test.value;
    case "lt":
      return value < test.value;
    case "gt":
      return value > test.value;
  }
}

function unknownMembership(
  runtime: HostRuntime,
  { name, sides, returnNomatch }: SetTest,
  dimensions: readonly Dimension[] | null,
  skb: Skb,
): boolean {
  const fields = packetFields(skb, dimensions, sides);
  return unknownOutcome(runtime, {
    code: "set-membership",
    item: returnNomatch ? `nomatch of set ${name}` : `set ${name}`,
    fields: `${sides.join(",")} ${fields}`,
    question: `does ${returnNomatch ? "a nomatch member of " : ""}set ${name} hold ${fields}?`,
    no: "it does not",
    yes: "it does",
    command: "ipset save",
  });
}

/** The values the set may look at: those of its dimensions, or all that the sides name when its type is not known. */
function packetFields(skb: Skb, dimensions: readonly Dimension[] | null, sides: SetSides): string {
  const { packet } = skb;
  const words: string[] = [];
  const add = (word: string): void => {
    if (!words.includes(word)) words.push(word);
  };
  sides.forEach((side, at) => {
    const source = side === "src";
    const dimension = dimensions?.[at];
    if (dimensions !== null && dimension === undefined) return;
    if (dimension === undefined || dimension === "ip" || dimension === "net") {
      add(`${side} ${formatAddress(source ? packet.src : packet.dst)}`);
    }
    if (dimension === undefined || dimension === "port") {
      add(`${formatProtocol(packet.protocol)} ${side} port ${setPort(packet, source)}`);
    }
    if (dimension === "mac") {
      add(
        frameMac(skb, side) === null
          ? untoldMac(skb, side)
          : `${side} mac ${source ? skb.sourceMac : skb.destinationMac}`,
      );
    }
    if (dimension === "iface") add(`${side} interface ${(source ? skb.input : skb.output)?.name ?? "none"}`);
    if (dimension === "mark") add(`mark ${skb.mark}`);
  });
  return words.join(", ");
}

/** Whether podpath knows the type of a set well enough to change it. */
export function isKnownSet(set: IpSet | undefined): set is IpSet {
  return set !== undefined && (set.type === "list:set" || setDimensions(set.type) !== null);
}
