import type { IpSet, SetMember } from "../../model/ip-set.ts";
import type { Address } from "../../net/address.ts";
import type { HostRuntime } from "../runtime.ts";
import { partIndexOf } from "./part-index.ts";
import { knownSetIndex, type SetIndex, setIndexOf } from "./set-index.ts";
import { copySetTable } from "./set-table.ts";

/** What packets have changed of one set on one host: the IpSet itself stays as dumped. */
export interface SetState {
  /** A copy once members came or went; null for a list:set. */
  index: SetIndex | null;
  isCopy: boolean;
  /** By entry (of a list:set, by place): what `counters` count, where packets have matched. */
  readonly counters: Map<number, EntryCounters>;
  /** The same of entries whose counters nobody knows: how many packets they have counted since. */
  readonly counted: Map<number, number>;
}

export interface EntryCounters {
  packets: number;
  bytes: number;
}

/**
 * The index of a set as packets have left it; null for types podpath does not know, and for list:set.
 *
 * @param asked the address that its first dimension is asked about, where nothing else is: the index may hold no other
 */
export function currentIndex(runtime: HostRuntime, set: IpSet, asked: Address | null = null): SetIndex | null {
  // No packet has changed any set, in nearly all cases.
  const changed = runtime.sets.size === 0 ? undefined : runtime.sets.get(set.name)?.index;
  if (changed !== undefined && changed !== null) return changed;
  const whole = knownSetIndex(set);
  if (whole !== undefined) return whole;
  return (asked === null ? null : partIndexOf(set, asked)) ?? setIndexOf(set);
}

function stateOf(runtime: HostRuntime, set: IpSet, index: SetIndex | null): SetState {
  const known = runtime.sets.get(set.name);
  if (known !== undefined) return known;
  const state: SetState = { index, isCopy: false, counters: new Map(), counted: new Map() };
  runtime.sets.set(set.name, state);
  return state;
}

/**
 * The counters of an entry, where it has any: as dumped, as packets have counted since. Null when nobody knows what they
 * were.
 */
export function entryCounters(
  runtime: HostRuntime,
  set: IpSet,
  index: SetIndex | null,
  entry: number,
  member: SetMember | null,
): EntryCounters | null {
  const { counters } = stateOf(runtime, set, index);
  const known = counters.get(entry);
  if (known !== undefined) return known;
  if (member?.counters === undefined) return null;
  const made = { ...member.counters };
  counters.set(entry, made);
  return made;
}

/** How many packets an entry has counted of which nobody knows what its counters were, with this one where it `counts`. */
export function countedUnknown(
  runtime: HostRuntime,
  set: IpSet,
  index: SetIndex | null,
  entry: number,
  counts: boolean,
): number {
  const { counted } = stateOf(runtime, set, index);
  const packets = (counted.get(entry) ?? 0) + (counts ? 1 : 0);
  counted.set(entry, packets);
  return packets;
}

/** ip_set_init_counter(): what an entry starts with when a packet adds it. */
export function startCounters(runtime: HostRuntime, set: IpSet, index: SetIndex, entry: number, bytes: number): void {
  stateOf(runtime, set, index).counters.set(entry, { packets: 1, bytes });
}

/** The index of a set that packets may write to: the first writer gets a copy. */
export function writableIndex(runtime: HostRuntime, set: IpSet, index: SetIndex): SetIndex {
  const state = stateOf(runtime, set, index);
  if (state.isCopy && state.index !== null) return state.index;
  const copy: SetIndex = {
    ...index,
    tables: index.tables.map(copySetTable),
    names: new Map(index.names),
    expiries: [...index.expiries],
    earlier: [...index.earlier],
    entries: [...index.entries],
    drawn: index.drawn.map((one) => ({ ...one })),
    takenOut: [...index.takenOut],
  };
  state.index = copy;
  state.isCopy = true;
  return copy;
}
