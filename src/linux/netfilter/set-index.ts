import { type IpSet, layeredMembers, type SetElement, type SetMember } from "../../model/ip-set.ts";
import { type Address, type Family, isUnspecified, parseAddress } from "../../net/address.ts";
import { rangePrefixes } from "../../net/address-set.ts";
import { type PortSet, portSet, subtractPortSets } from "../../net/port-set.ts";
import {
  addressBits,
  maskAddress,
  maskLength,
  netmask,
  type Prefix,
  prefixContains,
  samePrefix,
} from "../../net/prefix.ts";
import { TCP } from "../../net/protocol.ts";
import { parseUint32 } from "./mark-value.ts";
import { keyWords, putEntry, type SetTable, setTable, tableEntry } from "./set-table.ts";

/** What one dimension of a set type holds. */
export type Dimension = "ip" | "net" | "port" | "mac" | "iface" | "mark";

/**
 * A set compiled for look-ups, made once for each IpSet and never changed; what packets add and take away goes to a copy
 * (`set-state.ts`). Each member is a few words of 32 bits: its addresses, masked, and its other dimensions. Members of
 * equal prefix lengths share a hash table of such words; a look-up asks the tables from the longest lengths to the
 * shortest, and the first member found decides, as mtype_test_cidrs() does (net/netfilter/ipset/ip_set_hash_gen.h).
 */
export interface SetIndex {
  readonly set: IpSet;
  readonly dimensions: readonly Dimension[];
  /** Null for sets without addresses. */
  readonly family: Family | null;
  /** Only these types know `nomatch` (IPSET_TYPE_NOMATCH). */
  readonly hasNets: boolean;
  /** Longest lengths first. */
  readonly tables: SetTable[];
  /** MAC addresses and interface names as numbers. */
  readonly names: Map<string, number>;
  /** `netmask` or `bitmask` of the create line, else null: which bits of `ip` dimensions count. */
  readonly addressMask: Address | null;
  readonly markMask: number;
  /** Virtual time after which an entry is gone, by its number; minus infinity for one that was deleted. */
  readonly expiries: number[];
  /** hash:net,iface: the entry of the same net that came before, by number; -1 at the end. */
  readonly earlier: number[];
  readonly entries: Entry[];
  /** What packets have added whose port nobody has chosen yet (`free-value.ts`): both ends of `ports` name it. */
  readonly drawn: DrawnEntry[];
  /** What packets have taken out of many members by such a port: nobody knows which. */
  readonly takenOut: Entry[];
  readonly options: SetOptions;
}

export interface DrawnEntry {
  readonly entry: Entry;
  /** As in `expiries`. */
  expiry: number;
  /** Below zero: its counters go by it. */
  readonly number: number;
}

/** What the create line says beside the type. */
export interface SetOptions {
  readonly counters: boolean;
  readonly skbInfo: boolean;
  readonly forceAdd: boolean;
  /** Seconds that members get; null where members have none, 0: forever. */
  readonly timeout: number | null;
  /** Members that a hash type may have. */
  readonly maxElements: number;
  /** Of a hash type, as the kernel rounds `hashsize`. */
  readonly buckets: number;
  /** Of a bitmap. */
  readonly range: string | null;
}

/** A member with each dimension narrowed to one prefix, one port range, one name. */
export interface Entry {
  /** Null for what a packet added. */
  readonly member: SetMember | null;
  readonly prefixes: readonly Prefix[];
  readonly protocol: number;
  readonly ports: { readonly first: number; readonly last: number } | null;
  readonly name: number;
  /** The start of an interface's name, where that is enough. */
  readonly wildcard: string | null;
  readonly mark: number;
}

/** What a packet offers to a set. Addresses and `port` are filled only where the type has such a dimension. */
export interface SetQuery {
  readonly addresses: Address[];
  protocol: number;
  port: number;
  /** Number of the MAC address or interface in `names`; NO_NAME when the set has none such. */
  name: number;
  /** The MAC address or interface itself; empty without one. */
  text: string;
  /** True for a packet whose MAC address no dump tells. */
  untold: boolean;
  mark: number;
}

/** The name of a packet that stands in no member. */
export const NO_NAME = -1;
/** A bitmap:ip,mac member without a MAC address: the next packet's will do, and stay. */
export const ANY_NAME = -2;

const DEFAULT_MAX_ELEMENTS = 65536;
const DEFAULT_BUCKETS = 1024;

const indexes = new WeakMap<IpSet, SetIndex | null>();

/** As `setIndexOf`, where the set was compiled before; else undefined. */
export function knownSetIndex(set: IpSet): SetIndex | null | undefined {
  return indexes.get(set);
}

/** The index of a set; null for types that podpath does not know, and for list:set. */
export function setIndexOf(set: IpSet): SetIndex | null {
  const known = indexes.get(set);
  if (known !== undefined) return known;
  const index = layeredIndex(set) ?? buildIndex(set);
  indexes.set(set, index);
  return index;
}

const sharedIndexes = new WeakMap<readonly SetMember[], SetIndex | null>();

/**
 * The index of a set that is another one, which many hosts have, without some members: they are there as deleted ones. Null where the
 * set is no such one.
 */
function layeredIndex(set: IpSet): SetIndex | null {
  const layers = layeredMembers.layersOf(set.members);
  if (layers === null || layers.own.length > 0) return null;
  const known = sharedIndexes.get(layers.shared);
  const shared = known === undefined ? buildIndex({ ...set, members: layers.shared }) : known;
  sharedIndexes.set(layers.shared, shared);
  if (shared === null || shared.set.type !== set.type || shared.set.header !== set.header) return null;
  const expiries = [...shared.expiries];
  shared.entries.forEach(({ member }, at) => {
    if (member !== null && layers.without.has(member)) expiries[at] = Number.NEGATIVE_INFINITY;
  });
  return { ...shared, set, expiries };
}

const DIMENSION_NAMES: ReadonlyMap<string, Dimension> = new Map([
  ["ip", "ip"],
  ["net", "net"],
  ["port", "port"],
  ["mac", "mac"],
  ["iface", "iface"],
  ["mark", "mark"],
]);

/** The dimensions of a type such as `hash:ip,port`; null when it is not known. */
export function setDimensions(type: string): readonly Dimension[] | null {
  const [method, kinds = ""] = type.split(":");
  if (method !== "hash" && method !== "bitmap") return null;
  const dimensions: Dimension[] = [];
  for (const kind of kinds.split(",")) {
    const dimension = DIMENSION_NAMES.get(kind);
    if (dimension === undefined) return null;
    dimensions.push(dimension);
  }
  const names = dimensions.filter((dimension) => dimension === "mac" || dimension === "iface").length;
  const ports = dimensions.filter((dimension) => dimension === "port").length;
  return names > 1 || ports > 1 || dimensions.length > 3 ? null : dimensions;
}

function isAddress(dimension: Dimension): boolean {
  return dimension === "ip" || dimension === "net";
}

/** Compiles a set. `setIndexOf` does it once for each. */
export function buildIndex(set: IpSet): SetIndex | null {
  const dimensions = setDimensions(set.type);
  if (dimensions === null) return null;
  const words = set.header.split(/\s+/);
  const optionValue = (name: string): string | null => {
    const at = words.indexOf(name);
    return at < 0 ? null : (words[at + 1] ?? null);
  };
  const number = (name: string): number | null => parseUint32(optionValue(name) ?? "");
  const family = dimensions.some(isAddress) ? (set.family ?? familyOfMembers(set)) : null;
  const bits = number("netmask");
  const bitmask = parseAddress(optionValue("bitmask") ?? "");
  const addressMask = family === null ? null : bits === null ? bitmask : netmask(family, bits);
  const markMask = number("markmask") ?? 0xffffffff;
  const index: SetIndex = {
    set,
    dimensions,
    family,
    hasNets: dimensions.includes("net"),
    tables: [],
    names: new Map(),
    addressMask,
    markMask,
    expiries: [],
    earlier: [],
    entries: [],
    drawn: [],
    takenOut: [],
    options: {
      counters: words.includes("counters"),
      skbInfo: words.includes("skbinfo"),
      forceAdd: words.includes("forceadd"),
      timeout: number("timeout"),
      maxElements: number("maxelem") ?? DEFAULT_MAX_ELEMENTS,
      buckets: 2 ** Math.ceil(Math.log2(Math.max(64, number("hashsize") ?? DEFAULT_BUCKETS))),
      range: optionValue("range"),
    },
  };
  for (const member of set.members) addEntries(index, member);
  return index;
}

function familyOfMembers(set: IpSet): Family {
  for (const member of set.members) {
    for (const element of member.elements) {
      if (element.kind === "net") return element.prefix.address.family;
      if (element.kind === "range") return element.first.family;
    }
  }
  return 4;
}

/** Turns a member into entries: one, unless it holds address ranges. Members that cannot match any packet give none. */
function addEntries(index: SetIndex, member: SetMember): void {
  const { dimensions, names, set } = index;
  let prefixes: Prefix[][] = [[]];
  let protocol = 0;
  let ports: Entry["ports"] = null;
  let name = 0;
  let wildcard: string | null = null;
  let mark = 0;
  for (const [position, dimension] of dimensions.entries()) {
    const element = member.elements[position];
    if (element === undefined) {
      if (set.type !== "bitmap:ip,mac" || dimension !== "mac") return;
      name = ANY_NAME;
      continue;
    }
    switch (dimension) {
      case "ip":
      case "net": {
        const alternatives = elementPrefixes(element, index, dimension);
        prefixes = prefixes.flatMap((chosen) => alternatives.map((prefix) => [...chosen, prefix]));
        break;
      }
      case "port": {
        const range = elementPorts(element, set.type === "bitmap:port");
        if (range === null) return;
        protocol = range.protocol;
        ports = range;
        break;
      }
      case "mac":
        if (element.kind !== "mac") return;
        name = nameNumber(names, element.mac.toLowerCase());
        break;
      case "iface":
        // Rules ask for no bridge port: `-m set` cannot say IPSET_FLAG_PHYSDEV, so that such a member never matches.
        if (element.kind !== "interface") return;
        name = nameNumber(names, element.physdev ? `physdev:${element.name}` : element.name);
        if (element.wildcard === true && !element.physdev) wildcard = element.name;
        break;
      case "mark":
        if (element.kind !== "mark") return;
        mark = (element.mark & index.markMask) | 0;
        break;
    }
  }
  // The time of an address that waits for its MAC address does not run yet.
  const forever = member.timeout === null || member.timeout === 0 || name === ANY_NAME;
  const expiry = forever ? Number.POSITIVE_INFINITY : (member.timeout ?? 0);
  for (const chosen of prefixes) {
    addEntry(index, { member, prefixes: chosen, protocol, ports, name, wildcard, mark }, expiry);
  }
}

/** The number that stands for a MAC address or interface name in this set. */
export function nameNumber(names: Map<string, number>, name: string): number {
  const known = names.get(name) ?? names.size;
  names.set(name, known);
  return known;
}

function elementPrefixes(element: SetElement, index: SetIndex, dimension: Dimension): readonly Prefix[] {
  const { family, addressMask } = index;
  const clip = ({ address, length }: Prefix): Prefix => {
    const counted = addressMask === null ? null : (maskLength(addressMask) ?? 0);
    // A network wider than the mask stands for several members.
    if (dimension !== "ip" || addressMask === null || counted === null || length < counted) return { address, length };
    return { address: maskAddress(address, addressMask), length: addressBits(address.family) };
  };
  if (element.kind === "net") return element.prefix.address.family === family ? [clip(element.prefix)] : [];
  if (element.kind !== "range" || element.first.family !== family) return [];
  return rangePrefixes(element.first, element.last).map(clip);
}

function elementPorts(
  element: SetElement,
  bitmap: boolean,
): { readonly protocol: number; readonly first: number; readonly last: number } | null {
  if (element.kind === "icmp") {
    const port = (element.type << 8) | element.code;
    return { protocol: bitmap ? 0 : element.protocol, first: port, last: port };
  }
  if (element.kind !== "port") return null;
  return { protocol: bitmap ? 0 : (element.protocol ?? TCP), first: element.first, last: element.last };
}

/** Puts an entry into the table of its prefix lengths, which is made where there is none. Returns its number. */
export function addEntry(index: SetIndex, entry: Entry, expiry: number): number {
  const { dimensions, expiries, earlier } = index;
  const number = index.entries.push(entry) - 1;
  expiries.push(expiry);
  earlier.push(-1);
  const table = tableFor(index, entry);
  const { first, last } = entry.ports ?? { first: 0, last: 0 };
  const addresses = entry.prefixes.map((prefix) => prefix.address);
  for (let port = first; port <= last; port++) {
    writeKey(dimensions, addresses, entry.protocol, port, entry.name, entry.mark);
    const present = tableEntry(table);
    if (hasChains(index)) earlier[number] = present;
    // Of two equal members the one that lives longer stands, the first of those that live as long.
    else if (present >= 0 && (expiries[present] ?? 0) >= expiry) continue;
    putEntry(table, number);
  }
  return number;
}

/** hash:net,iface keeps the interfaces of one net together (IP_SET_HASH_WITH_MULTI). */
export function hasChains({ set }: SetIndex): boolean {
  return set.type === "hash:net,iface";
}

function tableFor(index: SetIndex, entry: Entry): SetTable {
  const lengths = entry.prefixes.map((prefix) => prefix.length);
  const { tables } = index;
  const known = tables.find((table) => table.lengths.every((length, at) => length === lengths[at]));
  if (known !== undefined) return known;
  const made = setTable(keyMasks(index, lengths), lengths);
  const at = tables.findIndex((table) => compareLengths(table.lengths, lengths) < 0);
  tables.splice(at < 0 ? tables.length : at, 0, made);
  return made;
}

/** By the first length, then the second. */
function compareLengths(x: readonly number[], y: readonly number[]): number {
  return (x[0] ?? 0) - (y[0] ?? 0) || (x[1] ?? 0) - (y[1] ?? 0);
}

function keyMasks(index: SetIndex, lengths: readonly number[]): Int32Array {
  const { dimensions, family, addressMask } = index;
  const words: number[] = [];
  let address = 0;
  for (const dimension of dimensions) {
    if (!isAddress(dimension)) {
      words.push(dimension === "iface" ? 0 : -1);
      continue;
    }
    const plain = netmask(family ?? 4, lengths[address++] ?? 0);
    const { a, b, c, d } = dimension === "ip" && addressMask !== null ? maskAddress(plain, addressMask) : plain;
    words.push(a);
    if (family === 6) words.push(b, c, d);
  }
  return Int32Array.from(words);
}

function pushAddress(at: number, address: Address): number {
  keyWords[at] = address.a;
  if (address.family === 4) return at + 1;
  keyWords[at + 1] = address.b;
  keyWords[at + 2] = address.c;
  keyWords[at + 3] = address.d;
  return at + 4;
}

/** Writes a key into `keyWords`, dimension by dimension. */
function writeKey(
  dimensions: readonly Dimension[],
  addresses: readonly Address[],
  protocol: number,
  port: number,
  name: number,
  mark: number,
): void {
  let at = 0;
  let address = 0;
  for (const dimension of dimensions) {
    switch (dimension) {
      case "ip":
      case "net": {
        const value = addresses[address++];
        if (value !== undefined) at = pushAddress(at, value);
        break;
      }
      case "port":
        keyWords[at++] = (protocol << 16) | port;
        break;
      case "mac":
      case "iface":
        keyWords[at++] = name;
        break;
      case "mark":
        keyWords[at++] = mark;
        break;
    }
  }
}

/** Whether an entry that the packet is equal to decides: its counters may have to be so or so. */
export type EntryTest = (entry: number) => boolean;

/**
 * The number of the entry that decides for what the packet offers, or -1. Entries are gone once their time is over, and one that
 * `test` rejects leaves the search to shorter prefixes. For hash:net,iface the search ends at the first length that has a
 * entry for the address, even one with another interface (`multi` in mtype_test_cidrs(); observed on Linux 6.18).
 */
export function findEntry(index: SetIndex, query: SetQuery, now: number, test: EntryTest | null): number {
  const { dimensions } = index;
  const { addresses, protocol, port, name, mark } = query;
  writeKey(dimensions, addresses, protocol, port, name, mark);
  const entry = hasChains(index) ? searchChains(index, query, now, test) : searchTables(index, now, test);
  if (entry >= 0 || index.set.type !== "bitmap:ip,mac") return entry;
  writeKey(dimensions, addresses, protocol, port, ANY_NAME, mark);
  return searchTables(index, now, null);
}

/** The entry under the key in `keyWords`, from the table of the longest prefixes on, or -1. */
function searchTables({ tables, expiries }: SetIndex, now: number, test: EntryTest | null): number {
  for (const table of tables) {
    const entry = tableEntry(table);
    if (entry >= 0 && (expiries[entry] ?? 0) >= now && (test === null || test(entry))) return entry;
  }
  return -1;
}

function searchChains(index: SetIndex, query: SetQuery, now: number, test: EntryTest | null): number {
  const { tables, expiries, earlier, entries } = index;
  for (const table of tables) {
    let found = -1;
    let others = false;
    for (let at = tableEntry(table); at >= 0; at = earlier[at] ?? -1) {
      const expiry = expiries[at] ?? 0;
      if (expiry === Number.NEGATIVE_INFINITY) continue;
      const entry = entries[at];
      if (entry === undefined || !sameInterface(entry, query)) others = true;
      else if (expiry >= now && (test === null || test(at))) found = at;
    }
    if (found >= 0) return found;
    if (others) return -1;
  }
  return -1;
}

function sameInterface({ name, wildcard }: Entry, query: SetQuery): boolean {
  return wildcard === null ? name === query.name : query.text.startsWith(wildcard);
}

/** The living entry of exactly these prefixes and other dimensions, or -1. */
export function exactEntry(index: SetIndex, wanted: Entry, now: number): number {
  const { protocol, name, mark, prefixes, ports } = wanted;
  const table = index.tables.find(({ lengths }) => lengths.every((length, at) => length === prefixes[at]?.length));
  if (table === undefined) return -1;
  const addresses = prefixes.map((prefix) => prefix.address);
  writeKey(index.dimensions, addresses, protocol, ports?.first ?? 0, name, mark);
  const chains = hasChains(index);
  for (let at = tableEntry(table); at >= 0; at = index.earlier[at] ?? -1) {
    const there = index.entries[at];
    const alive = (index.expiries[at] ?? 0) >= now;
    if (alive && (!chains || (there?.name === name && there.wildcard === wanted.wildcard))) return at;
  }
  return -1;
}

/**
 * For a packet whose port nobody has chosen yet: the ports with which a plain member decides, and those with which a
 * `nomatch` member does.
 */
export function decidingPorts(
  index: SetIndex,
  query: SetQuery,
  now: number,
): { readonly match: PortSet; readonly nomatch: PortSet } {
  const candidates = index.entries
    .filter((entry, at) => (index.expiries[at] ?? 0) >= now && holdsButPort(index, entry, query))
    .sort((x, y) => compareLengths(lengthsOf(y), lengthsOf(x)));
  let decided: PortSet = [];
  let match: PortSet = [];
  let nomatch: PortSet = [];
  for (const { member, ports } of candidates) {
    if (ports === null) continue;
    const fresh = subtractPortSets(portSet([ports]), decided);
    decided = portSet([...decided, ...fresh]);
    if (member?.nomatch === true) nomatch = portSet([...nomatch, ...fresh]);
    else match = portSet([...match, ...fresh]);
  }
  return { match, nomatch };
}

/** Whether two entries differ in their ports at most. */
export function isSameButPort(x: Entry, y: Entry): boolean {
  return (
    x.protocol === y.protocol &&
    x.name === y.name &&
    x.mark === y.mark &&
    x.prefixes.every((prefix, at) => {
      const other = y.prefixes[at];
      return other !== undefined && samePrefix(prefix, other);
    })
  );
}

/** Whether the packet is equal to the entry, if it has its port. */
export function holdsButPort(index: SetIndex, { prefixes, protocol, name, mark }: Entry, query: SetQuery): boolean {
  if (protocol !== query.protocol || name !== query.name || mark !== query.mark) return false;
  const dimensions = index.dimensions.filter(isAddress);
  return prefixes.every(({ address, length }, at) => {
    const asked = query.addresses[at];
    if (asked === undefined) return false;
    const mask = dimensions[at] === "ip" ? index.addressMask : null;
    if (mask === null) return prefixContains({ address, length }, asked);
    return prefixContains({ address: maskAddress(address, mask), length }, maskAddress(asked, mask));
  });
}

function lengthsOf({ prefixes }: Entry): readonly number[] {
  return prefixes.map((prefix) => prefix.length);
}

/** True where the type refuses the address: hash:ip holds no 0.0.0.0, and tests none (net/netfilter/ipset/ip_set_hash_ip.c). */
export function refusesAddress(index: SetIndex, address: Address): boolean {
  if (index.set.type !== "hash:ip") return false;
  return isUnspecified(index.addressMask === null ? address : maskAddress(address, index.addressMask));
}
