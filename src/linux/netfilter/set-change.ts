import type { IpSet } from "../../model/ip-set.ts";
import type { Address } from "../../net/address.ts";
import { packetLength } from "../../net/packet.ts";
import { addressBits, maskAddress, parsePrefix, prefixOf } from "../../net/prefix.ts";
import { isFree, valueIn } from "../free-value.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";
import { drawnMember, settledEntry } from "./drawn-member.ts";
import { assumeOtherPort } from "./other-port.ts";
import { ANY_NAME, addEntry, type Entry, exactEntry, isSameButPort, nameNumber, type SetIndex } from "./set-index.ts";
import { fillQuery, query, type SetSides } from "./set-query.ts";
import { makeRoom } from "./set-room.ts";
import { currentIndex, startCounters, writableIndex } from "./set-state.ts";

/** `-j SET --add-set`. */
export interface SetAddition {
  readonly sides: SetSides;
  /** Refreshes what is there. */
  readonly exist: boolean;
  /** Seconds; 0: forever; null: the set's own. */
  readonly timeout: number | null;
}

/**
 * ip_set_add() with a packet (net/netfilter/ipset/ip_set_core.c and the kadt function of each type): what the rule's
 * sides name becomes a member. Of nets it gets the longest prefix length that the set has. A list:set hands it to its
 * sets until one takes it. Returns false where the kernel has an error for it: nobody hears of it.
 */
export function setAdd(runtime: HostRuntime, set: IpSet, addition: SetAddition, skb: Skb): boolean {
  if (set.type === "list:set") {
    return listedSets(runtime, set).some((member) => setAdd(runtime, member, addition, skb));
  }
  const wanted = entryOf(runtime, set, addition.sides, skb);
  if (wanted === null) return false;
  const now = runtime.services.now();
  const { exist, timeout } = addition;
  const index = writableIndex(runtime, set, wanted.index);
  const seconds = index.options.timeout === null ? 0 : (timeout ?? index.options.timeout);
  const expiry = seconds === 0 ? Number.POSITIVE_INFINITY : now + seconds;
  const counts = (number: number): void => {
    if (index.options.counters) startCounters(runtime, set, index, number, packetLength(skb.packet));
  };
  const there = drawnMember(runtime, index, query.port, (other) => isSameButPort(other, named(index, wanted.entry)));
  if (there !== undefined) {
    if (!exist) return false;
    there.expiry = expiry;
    counts(there.number);
    return true;
  }
  const entry = settledEntry(runtime, index, named(index, wanted.entry));
  // What starts again with it is nobody's.
  if (entry === null) return exist;
  if (isFree(entry.ports?.first ?? 0)) {
    if (!makeRoom(runtime, index, entry)) return false;
    const number = index.drawn.reduce((least, other) => Math.min(least, other.number), 0) - 1;
    index.drawn.push({ entry, expiry, number });
    counts(number);
    return true;
  }
  const present = exactEntry(index, entry, now);
  if (present >= 0) {
    if (!exist) return false;
    index.expiries[present] = expiry;
    // What it said beside (nomatch, skbinfo) goes.
    index.entries[present] = { ...(index.entries[present] ?? entry), member: null };
    counts(present);
    return true;
  }
  if (set.type === "bitmap:ip,mac") {
    // One address has one MAC address, or waits for one.
    const taken = addressEntry(index, entry, now);
    if (taken >= 0) {
      if (index.entries[taken]?.name !== ANY_NAME && !exist) return false;
      index.expiries[taken] = Number.NEGATIVE_INFINITY;
    }
  }
  if (!makeRoom(runtime, index, entry)) return false;
  counts(addEntry(index, entry, expiry));
  return true;
}

/** ip_set_del() with a packet: exactly that member goes, if it is there. */
export function setDelete(runtime: HostRuntime, set: IpSet, sides: SetSides, skb: Skb): boolean {
  if (set.type === "list:set") {
    return listedSets(runtime, set).some((member) => setDelete(runtime, member, sides, skb));
  }
  const wanted = entryOf(runtime, set, sides, skb);
  if (wanted === null) return false;
  const { index } = wanted;
  const whole = named(index, wanted.entry);
  const drawn = drawnMember(runtime, index, query.port, (other) => isSameButPort(other, whole));
  if (drawn !== undefined) {
    writableIndex(runtime, set, index).drawn.splice(index.drawn.indexOf(drawn), 1);
    return true;
  }
  const entry = settledEntry(runtime, index, whole);
  if (entry === null) {
    assumeOtherPort(runtime, set);
    writableIndex(runtime, set, index).takenOut.push(whole);
    return true;
  }
  if (isFree(entry.ports?.first ?? 0)) return false;
  const present = exactEntry(index, entry, runtime.services.now());
  if (present < 0) return false;
  writableIndex(runtime, set, index).expiries[present] = Number.NEGATIVE_INFINITY;
  return true;
}

/** Members of a list that have not expired; lists in lists do not exist. */
function listedSets(runtime: HostRuntime, list: IpSet): readonly IpSet[] {
  const now = runtime.services.now();
  return list.members.flatMap(({ elements, timeout }) => {
    const [element] = elements;
    if (element?.kind !== "set" || (timeout !== null && timeout > 0 && now > timeout)) return [];
    const set = runtime.host.ipSets.get(element.name);
    return set === undefined || set.type === "list:set" ? [] : [set];
  });
}

/** What the packet would be as a member; null where the type has no place for it. */
function entryOf(
  runtime: HostRuntime,
  set: IpSet,
  sides: SetSides,
  skb: Skb,
): { readonly index: SetIndex; readonly entry: Entry } | null {
  const index = currentIndex(runtime, set);
  if (index === null || sides.length < index.dimensions.length) return null;
  if (index.family !== null && index.family !== skb.packet.src.family) return null;
  if (!fillQuery(runtime, index, sides, skb)) return null;
  if (query.untold) {
    runtime.services.assume(
      runtime,
      "set-unchanged-by-untold-mac",
      `set ${set.name} does not change by a MAC address that no dump tells`,
    );
    return null;
  }
  if (!inRange(runtime, index)) return null;
  const longest = longestLengths(index, runtime.services.now());
  let at = 0;
  const prefixes = index.dimensions.flatMap((dimension) => {
    if (dimension !== "ip" && dimension !== "net") return [];
    const address = query.addresses[at++];
    if (address === undefined) return [];
    const whole = addressBits(address.family);
    if (dimension === "net") return [prefixOf(address, longest[at - 1] ?? whole)];
    const { addressMask } = index;
    return [{ address: addressMask === null ? address : maskAddress(address, addressMask), length: whole }];
  });
  const ports = index.dimensions.includes("port") ? { first: query.port, last: query.port } : null;
  const { protocol, name, mark } = query;
  return { index, entry: { member: null, prefixes, protocol, ports, name, wildcard: null, mark } };
}

/** The entry with the number of its MAC address or interface, which the set may not have had before. */
function named(index: SetIndex, entry: Entry): Entry {
  return query.text === "" ? entry : { ...entry, name: nameNumber(index.names, query.text) };
}

/** The longest prefix length among the living entries, for each address of a member (`nets[0].cidr`); empty without any. */
function longestLengths(index: SetIndex, now: number): readonly number[] {
  if (!index.hasNets) return [];
  const longest: number[] = [];
  index.entries.forEach(({ prefixes }, at) => {
    if ((index.expiries[at] ?? 0) < now) return;
    prefixes.forEach(({ length }, dimension) => {
      longest[dimension] = Math.max(longest[dimension] ?? 0, length);
    });
  });
  return longest;
}

/** The living entry of a bitmap:ip,mac for that address, whatever its MAC address, or -1. */
function addressEntry(index: SetIndex, { prefixes }: Entry, now: number): number {
  const address = prefixes[0]?.address.a;
  return index.entries.findIndex(
    (entry, at) => (index.expiries[at] ?? 0) >= now && entry.prefixes[0]?.address.a === address,
  );
}

/** `range` of a bitmap: addresses or ports outside of it are no members. */
function inRange({ services }: HostRuntime, { options, set }: SetIndex): boolean {
  if (options.range === null || !set.type.startsWith("bitmap:")) return true;
  const [first = "", last = first] = options.range.split("-");
  if (set.type === "bitmap:port") {
    return valueIn(services.freeValues, services.choose, query.port, [{ first: Number(first), last: Number(last) }]);
  }
  const [address] = query.addresses;
  const low = parsePrefix(first.includes("/") ? first : `${first}/32`);
  const high = parsePrefix(last.includes("/") ? last : `${last}/32`);
  if (address === undefined || low === null || high === null) return false;
  return address.a >= low.address.a && address.a <= lastOf(high.address, high.length);
}

function lastOf(address: Address, length: number): number {
  return address.a + 2 ** (32 - length) - 1;
}
