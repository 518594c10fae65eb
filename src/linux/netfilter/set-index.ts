import type { IpSet, SetElement, SetMember } from "../../model/ip-set.ts";
import { type Address, type Family, isUnspecified } from "../../net/address.ts";
import { rangePrefixes } from "../../net/address-set.ts";
import { type PortSet, portSet, subtractPortSets } from "../../net/port-set.ts";
import { addressBits, netmask, type Prefix, prefixContains, prefixOf } from "../../net/prefix.ts";
import { TCP } from "../../net/protocol.ts";
import { parseUint32 } from "./mark-value.ts";

/** What one dimension of a set type holds. */
export type Dimension = "ip" | "net" | "port" | "mac" | "iface" | "mark";

/**
 * A set compiled for look-ups, made once for each IpSet. Each member is a few words of 32 bits: its addresses, masked, and
 * its other dimensions. Members of equal prefix lengths share a hash table of such words; a look-up asks the tables
 * from the longest lengths to the shortest, and the first member found decides, as mtype_test_cidrs() does
 * (net/netfilter/ipset/ip_set_hash_gen.h).
 */
export interface SetIndex {
  readonly set: IpSet;
  readonly dimensions: readonly Dimension[];
  /** Null for sets without addresses. */
  readonly family: Family | null;
  /** Only these types know `nomatch` (IPSET_TYPE_NOMATCH). */
  readonly hasNets: boolean;
  /** The set counts packets for each member. */
  readonly hasCounters: boolean;
  /** Longest lengths first. */
  readonly tables: readonly Table[];
  /** MAC addresses and interface names as numbers. */
  readonly names: ReadonlyMap<string, number>;
  /** `netmask` of the create line, else a whole address. */
  readonly netmask: Address | null;
  readonly markMask: number;
  /** Virtual time after which a member is gone, by member. */
  readonly expiries: Float64Array;
  readonly entries: readonly Entry[];
}

/** Open addressing over members of one combination of prefix lengths. */
interface Table {
  /** One mask for each word of a key. */
  readonly masks: Int32Array;
  readonly keys: Int32Array;
  /** Member index by slot, or -1. */
  readonly members: Int32Array;
  /** hash:net,iface: the nets of this table, whatever their interface. */
  readonly nets: Table | null;
}

/** A member with each dimension narrowed to one prefix, one port range, one name. */
interface Entry {
  readonly member: number;
  readonly prefixes: readonly Prefix[];
  readonly protocol: number;
  readonly ports: { readonly first: number; readonly last: number } | null;
  readonly name: number;
  readonly mark: number;
}

/** What a packet offers to a set. Addresses and `port` are filled only where the type has such a dimension. */
export interface SetQuery {
  readonly addresses: Address[];
  protocol: number;
  port: number;
  /** Number of the MAC address or interface in `names`; NO_NAME when the set has none such. */
  name: number;
  mark: number;
}

/** The name of a packet that stands in no member. */
export const NO_NAME = -1;
/** A bitmap:ip,mac member without a MAC address: any will do. */
const ANY_NAME = -2;

const indexes = new WeakMap<IpSet, SetIndex | null>();

/** The index of a set; null for types that podpath does not know, and for list:set. */
export function setIndexOf(set: IpSet): SetIndex | null {
  const known = indexes.get(set);
  if (known !== undefined) return known;
  const index = buildIndex(set);
  indexes.set(set, index);
  return index;
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

function buildIndex(set: IpSet): SetIndex | null {
  const dimensions = setDimensions(set.type);
  const options = set.header.split(/\s+/);
  if (dimensions === null || options.includes("bitmask")) return null;
  const optionValue = (name: string): string | null => {
    const at = options.indexOf(name);
    return at < 0 ? null : (options[at + 1] ?? null);
  };
  const family = dimensions.some(isAddress) ? (set.family ?? familyOfMembers(set)) : null;
  const maskText = optionValue("netmask");
  const maskBits = maskText === null ? null : parseUint32(maskText);
  const mask = family === null || maskBits === null ? null : netmask(family, maskBits);
  const markMask = parseUint32(optionValue("markmask") ?? "0xffffffff") ?? 0xffffffff;
  const names = new Map<string, number>();
  const entries: Entry[] = [];
  const expiries = new Float64Array(set.members.length);
  set.members.forEach((member, at) => {
    expiries[at] = member.timeout === null || member.timeout === 0 ? Number.POSITIVE_INFINITY : member.timeout;
    addEntries(entries, { set, dimensions, family, maskBits, markMask, names }, member, at);
  });
  return {
    set,
    dimensions,
    family,
    hasNets: dimensions.includes("net"),
    hasCounters: options.includes("counters"),
    tables: buildTables(set, dimensions, family, entries, expiries),
    names,
    netmask: mask,
    markMask,
    expiries,
    entries,
  };
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

interface Shape {
  readonly set: IpSet;
  readonly dimensions: readonly Dimension[];
  readonly family: Family | null;
  readonly maskBits: number | null;
  readonly markMask: number;
  readonly names: Map<string, number>;
}

/** Turns a member into entries: one, unless it holds address ranges. Members that cannot match any packet give none. */
function addEntries(entries: Entry[], shape: Shape, member: SetMember, at: number): void {
  const { dimensions, names } = shape;
  let prefixes: Prefix[][] = [[]];
  let protocol = 0;
  let ports: Entry["ports"] = null;
  let name = 0;
  let mark = 0;
  for (const [position, dimension] of dimensions.entries()) {
    const element = member.elements[position];
    if (element === undefined) {
      if (shape.set.type !== "bitmap:ip,mac" || dimension !== "mac") return;
      name = ANY_NAME;
      continue;
    }
    switch (dimension) {
      case "ip":
      case "net": {
        const alternatives = elementPrefixes(element, shape);
        prefixes = prefixes.flatMap((chosen) => alternatives.map((prefix) => [...chosen, prefix]));
        break;
      }
      case "port": {
        const range = elementPorts(element, shape.set.type === "bitmap:port");
        if (range === null) return;
        protocol = range.protocol;
        ports = range;
        break;
      }
      case "mac":
        if (element.kind !== "mac") return;
        name = numberOf(names, element.mac.toLowerCase());
        break;
      case "iface":
        // No packet here comes from a bridge port (see matches/physdev.ts).
        if (element.kind !== "interface" || element.physdev) return;
        name = numberOf(names, element.name);
        break;
      case "mark":
        if (element.kind !== "mark") return;
        mark = (element.mark & shape.markMask) | 0;
        break;
    }
  }
  for (const chosen of prefixes) entries.push({ member: at, prefixes: chosen, protocol, ports, name, mark });
}

function numberOf(names: Map<string, number>, name: string): number {
  const known = names.get(name) ?? names.size;
  names.set(name, known);
  return known;
}

function elementPrefixes(element: SetElement, shape: Shape): readonly Prefix[] {
  const bits = shape.maskBits;
  const clip = (prefix: Prefix): Prefix =>
    bits !== null && bits < prefix.length ? prefixOf(prefix.address, bits) : prefix;
  if (element.kind === "net") return element.prefix.address.family === shape.family ? [clip(element.prefix)] : [];
  if (element.kind !== "range" || element.first.family !== shape.family) return [];
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

/** Sorts entries by prefix lengths and files each group in a table of its own. */
function buildTables(
  set: IpSet,
  dimensions: readonly Dimension[],
  family: Family | null,
  entries: readonly Entry[],
  expiries: Float64Array,
): readonly Table[] {
  const groups = new Map<number, Entry[]>();
  for (const entry of entries) {
    const lengths = lengthsKey(entry);
    const group = groups.get(lengths);
    if (group === undefined) groups.set(lengths, [entry]);
    else group.push(entry);
  }
  const expiryOf = (member: number): number => expiries[member] ?? 0;
  const withNets = set.type === "hash:net,iface";
  return [...groups]
    .sort(([x], [y]) => y - x)
    .map(([, group]) => {
      const masks = keyMasks(dimensions, family, group[0]);
      const table = fillTable(masks, dimensions, group, expiryOf);
      if (!withNets) return { ...table, nets: null };
      const netMasks = masks.slice(0, masks.length - 1);
      return { ...table, nets: { ...fillTable(netMasks, ["net"], group, expiryOf), nets: null } };
    });
}

/** Prefix lengths as one number that sorts by the first length, then the second. */
function lengthsKey(entry: Entry): number {
  let key = 0;
  for (const prefix of entry.prefixes) key = key * 256 + prefix.length;
  return key;
}

function keyMasks(dimensions: readonly Dimension[], family: Family | null, sample: Entry | undefined): Int32Array {
  const words: number[] = [];
  let address = 0;
  for (const dimension of dimensions) {
    if (!isAddress(dimension)) {
      words.push(-1);
      continue;
    }
    const length = sample?.prefixes[address++]?.length ?? 0;
    const { a, b, c, d } = netmask(family ?? 4, length);
    words.push(a);
    if (family === 6) words.push(b, c, d);
  }
  return Int32Array.from(words);
}

/** The words of the key in hand; wide enough for hash:net,port,net of IPv6. */
const scratch = new Int32Array(12);

function pushAddress(at: number, address: Address): number {
  scratch[at] = address.a;
  if (address.family === 4) return at + 1;
  scratch[at + 1] = address.b;
  scratch[at + 2] = address.c;
  scratch[at + 3] = address.d;
  return at + 4;
}

/** Writes a key into `scratch`, dimension by dimension. */
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
        scratch[at++] = (protocol << 16) | port;
        break;
      case "mac":
      case "iface":
        scratch[at++] = name;
        break;
      case "mark":
        scratch[at++] = mark;
        break;
    }
  }
}

function fillTable(
  masks: Int32Array,
  dimensions: readonly Dimension[],
  group: readonly Entry[],
  expiryOf: (member: number) => number,
): Omit<Table, "nets"> {
  let count = 0;
  const hasPorts = dimensions.includes("port");
  for (const { ports } of group) count += hasPorts && ports !== null ? ports.last - ports.first + 1 : 1;
  let capacity = 4;
  while (capacity < count * 2) capacity *= 2;
  const table = {
    masks,
    keys: new Int32Array(capacity * masks.length),
    members: new Int32Array(capacity).fill(-1),
  };
  for (const entry of group) {
    const { protocol, name, mark, prefixes } = entry;
    const { first, last } = (hasPorts ? entry.ports : null) ?? { first: 0, last: 0 };
    const addresses = prefixes.map((prefix) => prefix.address);
    for (let port = first; port <= last; port++) {
      writeKey(dimensions, addresses, protocol, port, name, mark);
      const slot = slotOf(table);
      const present = table.members[slot] ?? -1;
      // Of two equal members the one that lives longer stands, the first of those that live as long.
      if (present >= 0 && expiryOf(present) >= expiryOf(entry.member)) continue;
      for (let i = 0; i < masks.length; i++) {
        table.keys[slot * masks.length + i] = (scratch[i] ?? 0) & (masks[i] ?? 0);
      }
      table.members[slot] = entry.member;
    }
  }
  return table;
}

/** The slot where the key in `scratch` stands, or the empty one where it would. */
function slotOf(table: Omit<Table, "nets">): number {
  const { masks, keys, members } = table;
  const width = masks.length;
  let hash = 0x811c9dc5;
  for (let i = 0; i < width; i++) {
    hash = Math.imul(hash ^ ((scratch[i] ?? 0) & (masks[i] ?? 0)), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  const wrap = members.length - 1;
  for (let slot = hash & wrap; ; slot = (slot + 1) & wrap) {
    if (members[slot] === -1) return slot;
    let equal = true;
    for (let i = 0; equal && i < width; i++) {
      equal = keys[slot * width + i] === ((scratch[i] ?? 0) & (masks[i] ?? 0));
    }
    if (equal) return slot;
  }
}

/**
 * The member that decides for what the packet offers, or -1. Members are gone once their time is over. For
 * hash:net,iface the search ends at the first length that has a member for the address, even one with another
 * interface (`multi` in mtype_test_cidrs(); observed on Linux 6.18).
 */
export function findMember(index: SetIndex, query: SetQuery, now: number): number {
  const { dimensions } = index;
  const { addresses, protocol, port, name, mark } = query;
  writeKey(dimensions, addresses, protocol, port, name, mark);
  const member = searchTables(index, now);
  if (member >= 0 || index.set.type !== "bitmap:ip,mac") return member;
  writeKey(dimensions, addresses, protocol, port, ANY_NAME, mark);
  return searchTables(index, now);
}

/** The member under the key in `scratch`, from the table of the longest prefixes on, or -1. */
function searchTables(index: SetIndex, now: number): number {
  const { tables, expiries } = index;
  for (const table of tables) {
    const member = table.members[slotOf(table)] ?? -1;
    if (member >= 0 && (expiries[member] ?? 0) >= now) return member;
    if (table.nets !== null && (table.nets.members[slotOf(table.nets)] ?? -1) >= 0) return -1;
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
    .filter(
      ({ member, prefixes, protocol, name, mark }) =>
        (index.expiries[member] ?? 0) >= now &&
        protocol === query.protocol &&
        name === query.name &&
        mark === query.mark &&
        prefixes.every((prefix, at) => {
          const address = query.addresses[at];
          return address !== undefined && prefixContains(prefix, address);
        }),
    )
    .sort((x, y) => lengthsKey(y) - lengthsKey(x));
  let decided: PortSet = [];
  let match: PortSet = [];
  let nomatch: PortSet = [];
  for (const { member, ports } of candidates) {
    if (ports === null) continue;
    const fresh = subtractPortSets(portSet([ports]), decided);
    decided = portSet([...decided, ...fresh]);
    if (index.set.members[member]?.nomatch === true) nomatch = portSet([...nomatch, ...fresh]);
    else match = portSet([...match, ...fresh]);
  }
  return { match, nomatch };
}

/** True where the type refuses the address: hash:ip holds no 0.0.0.0, and tests none (net/netfilter/ipset/ip_set_hash_ip.c). */
export function refusesAddress(index: SetIndex, address: Address): boolean {
  if (index.set.type !== "hash:ip") return false;
  const mask = index.netmask ?? netmask(address.family, addressBits(address.family));
  return isUnspecified({
    family: address.family,
    a: address.a & mask.a,
    b: address.b & mask.b,
    c: address.c & mask.c,
    d: address.d & mask.d,
  });
}
