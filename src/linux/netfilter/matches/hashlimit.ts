import type { Matches } from "../../../model/ruleset.ts";
import type { Address } from "../../../net/address.ts";
import { type Packet, packetLength } from "../../../net/packet.ts";
import { addressBits, maskAddress, netmask } from "../../../net/prefix.ts";
import { hasPorts } from "../../../net/protocol.ts";
import type { GivenOption, MatchExtension, Parsed } from "../extension.ts";
import { matchState } from "../match-state.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, givenValue } from "../option-words.ts";
import { isUsedUp, limitDecides } from "../unused-limit.ts";

/** A rate as the kernel holds it, and the seconds of the unit it was written in. */
type Rate = {
  readonly unit: "packets" | "bytes";
  /** Packets: microseconds between two. Bytes: 2^32 - 1 divided by the number of 16-byte blocks and one. */
  readonly cost: number;
};

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly hashlimit: {
      readonly mode: "upto" | "above";
      readonly rate: Rate;
      /** Packets; for rates in bytes so many times the rate, 0 where not given. */
      readonly burst: number;
      readonly by: {
        readonly source: boolean;
        readonly sourcePort: boolean;
        readonly destination: boolean;
        readonly destinationPort: boolean;
      };
      readonly name: string;
      readonly sourceMask: number;
      readonly destinationMask: number;
      /** 0: the kernel's choice. */
      readonly tableSize: number;
      readonly tableMax: number;
      /** Milliseconds. */
      readonly collectEvery: number;
      readonly expireAfter: number;
      readonly rateMatch: boolean;
      /** Seconds of `--hashlimit-rate-match`. */
      readonly interval: number;
    };
  }
}
declare module "../match-state.ts" {
  interface MatchStates {
    /** Entries of a table by what packets are told apart by. */
    hashlimit: HashTable;
  }
}

interface HashTable {
  /** Options of the rule that made the table; a later rule of that name changes nothing in them. */
  readonly options: Matches["hashlimit"];
  readonly entries: Map<string | number, Entry>;
}

interface Entry {
  /** Packets: microseconds. Bytes: parts of a second's credit, 0 to 1. Rate match: packets or bytes in this window. */
  credit: number;
  /** Bytes: how often the credit may be filled up at once. */
  refills: number;
  /** Rate match: the last window went over the rate. */
  exceeded: boolean;
  /** Seconds. */
  updatedAt: number;
  expires: number;
}

const MICROSECONDS = 1_000_000;
const UINT32_MAX = 0xffffffff;
/** Credits of one second in byte mode, HZ * CREDITS_PER_JIFFY_BYTES with a HZ of 250: the unit of `Entry.credit` there. */
const SECOND_OF_CREDIT = 250 * 2 ** 24;
const DEFAULT_BURST = 5;
const MAX_BURST = 1_000_000;
const DEFAULT_COLLECT = 1000;
/** Seconds that entries of byte rates live: without and with a burst. */
const BYTE_EXPIRE = 15;
const BYTE_EXPIRE_BURST = 60;
/** What the clock may lose by rounding, microseconds. */
const EPSILON = 0.1;

const UNITS: readonly (readonly [name: string, seconds: number])[] = [
  ["second", 1],
  ["minute", 60],
  ["hour", 3_600],
  ["day", 86_400],
];
const PRINTED: readonly (readonly [name: string, seconds: number])[] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["min", 60],
  ["sec", 1],
];
const SIZES: readonly (readonly [name: string, bytes: number])[] = [
  ["m", 1024 * 1024],
  ["k", 1024],
];
const KEYS = ["srcip", "srcport", "dstip", "dstport"] as const;

function factor(letter: string): number {
  if (letter === "m") return 1024 * 1024;
  return letter === "k" ? 1024 : 1;
}

/** bytes_to_cost() and cost_to_bytes() of extensions/libxt_hashlimit.c. */
function costOfBytes(bytes: number): number {
  return Math.floor(UINT32_MAX / (Math.floor(bytes / 16) + 1));
}
function bytesOfCost(cost: number): number {
  return (Math.floor(UINT32_MAX / cost) - 1) * 16;
}

/** `5/min`, or `512kb/s`; the tool reads leading digits and an abbreviated unit. */
function parseHashRate(text: string): Parsed<Rate & { readonly seconds: number }> {
  const count = Number(/^\d{1,15}/.exec(text)?.[0] ?? "0");
  const malformed = { problem: `bad rate "${text}"` };
  const mark = text.indexOf("b/s");
  if (mark > 0) {
    if (count === 0) return malformed;
    const cost = costOfBytes(count * factor(text.charAt(mark - 1)));
    return cost === 0
      ? { problem: `rate too high "${text}"` }
      : { value: { unit: "bytes", cost, seconds: BYTE_EXPIRE } };
  }
  const slash = text.indexOf("/");
  const written = slash < 0 ? "second" : text.slice(slash + 1).toLowerCase();
  const unit = written === "" ? undefined : UNITS.find(([name]) => name.startsWith(written));
  if (unit === undefined || count === 0) return malformed;
  const [, seconds] = unit;
  const cost = Math.floor((MICROSECONDS * seconds) / count);
  return cost === 0 ? { problem: `rate too fast "${text}"` } : { value: { unit: "packets", cost, seconds } };
}

/** Rate and the time, in milliseconds, that entries live unless the rule says otherwise (print_rate, print_bytes). */
function formatHashRate({ unit, cost }: Rate): { readonly text: string; readonly seconds: number } {
  if (unit === "packets") {
    let chosen: (typeof PRINTED)[number] = ["day", 86_400];
    for (const candidate of PRINTED.slice(1)) {
      const length = candidate[1] * MICROSECONDS;
      if (cost > length || Math.floor(length / cost) < length % cost) break;
      chosen = candidate;
    }
    const [name, seconds] = chosen;
    return { text: `${Math.floor((seconds * MICROSECONDS) / cost)}/${name}`, seconds };
  }
  const bytes = bytesOfCost(cost);
  const size = SIZES.find(
    ([, unitBytes]) => bytes >= unitBytes && costOfBytes(((bytes % 2 ** 32) & ~(unitBytes - 1)) >>> 0) === cost,
  );
  const [letter, per] = size ?? ["", 1];
  return { text: `${Math.floor(bytes / per)}${letter}b/s`, seconds: BYTE_EXPIRE };
}

function formatBurst({ rate, burst }: Matches["hashlimit"]): string {
  if (rate.unit === "packets") return String(burst);
  const bytes = bytesOfCost(rate.cost) * burst;
  const [letter, per] = SIZES.find(([, unitBytes]) => bytes >= unitBytes) ?? ["", 1];
  return `${Math.floor(bytes / per)}${letter}b`;
}

function parseBurst(text: string | null, rate: Rate): Parsed<number> {
  if (text === null) return { value: rate.unit === "packets" ? DEFAULT_BURST : 0 };
  const parts = /^(\d{1,9})(.*)$/.exec(text);
  const count = Number(parts?.[1] ?? "0");
  const rest = parts?.[2] ?? "";
  const range = { problem: `expected --hashlimit-burst 1-${MAX_BURST}` };
  if (count === 0 || (rest === "" && count > MAX_BURST)) return range;
  const given = count * factor(rest.charAt(0));
  if (rate.unit === "packets") return given > MAX_BURST ? range : { value: given };
  const bytes = bytesOfCost(rate.cost);
  if (given < bytes) return { problem: `burst cannot be smaller than ${bytes}b` };
  return { value: bytes === 0 ? 1 : Math.ceil(given / bytes) };
}

/** What the kernel computes in 64 bits must not wrap (hashlimit_mt_check_common). */
function overflows(rate: Rate, burst: number): boolean {
  if (rate.unit === "bytes") return false;
  const unit = 137_438_953n;
  const one = BigInt.asUintN(64, BigInt(rate.cost) * unit);
  return BigInt.asUintN(64, BigInt.asUintN(64, BigInt(rate.cost) * BigInt(burst)) * unit) < one;
}

function parseMode(text: string | null): Matches["hashlimit"]["by"] | null {
  const names = text === null ? [] : text.split(/[,|]/).filter((name) => name !== "");
  if (!names.every((name) => KEYS.some((key) => key === name))) return null;
  return {
    source: names.includes("srcip"),
    sourcePort: names.includes("srcport"),
    destination: names.includes("dstip"),
    destinationPort: names.includes("dstport"),
  };
}

function modeWords({ by }: Matches["hashlimit"]): readonly string[] {
  const set = [by.source, by.sourcePort, by.destination, by.destinationPort];
  const names = KEYS.filter((_, index) => set[index] === true);
  return names.length === 0 ? [] : ["--hashlimit-mode", names.join(",")];
}

function parseHashlimit(given: readonly GivenOption[], bits: number): Parsed<Matches["hashlimit"]> {
  const upto = givenOption(given, "hashlimit-upto");
  const above = givenOption(given, "hashlimit-above");
  const option = upto ?? above;
  if (option === undefined || (upto !== undefined && above !== undefined)) {
    return { problem: "expected either --hashlimit-upto or --hashlimit-above" };
  }
  const written = parseHashRate(option.values[0] ?? "");
  if ("problem" in written) return written;
  const { unit, seconds } = written.value;
  const numbers: number[] = [];
  for (const [name, max, fallback] of [
    ["hashlimit-srcmask", bits, bits],
    ["hashlimit-dstmask", bits, bits],
    ["hashlimit-htable-size", UINT32_MAX, 0],
    ["hashlimit-htable-max", UINT32_MAX, 0],
    ["hashlimit-htable-gcinterval", UINT32_MAX, DEFAULT_COLLECT],
    ["hashlimit-htable-expire", UINT32_MAX, -1],
  ] as const) {
    const text = givenValue(given, name);
    const number = text === null ? fallback : parseNumber(text, max);
    if (number === null) return { problem: `bad value of --${name}` };
    numbers.push(number);
  }
  const [sourceMask = bits, destinationMask = bits, tableSize = 0, tableMax = 0, collectEvery = 0, expire = 0] =
    numbers;
  if (collectEvery === 0 || expire === 0) return { problem: "entries cannot be collected or expire after 0 ms" };
  const name = givenValue(given, "hashlimit-name") ?? "";
  if (name === "") return { problem: 'option "--hashlimit-name" must be specified' };
  const by = parseMode(givenValue(given, "hashlimit-mode"));
  if (by === null) return { problem: `expected --hashlimit-mode ${KEYS.join(",")}` };
  const burst = parseBurst(givenValue(given, "hashlimit-burst"), written.value);
  if ("problem" in burst) return burst;
  const rateMatch = givenOption(given, "hashlimit-rate-match") !== undefined;
  const every = givenValue(given, "hashlimit-rate-interval");
  const interval = every === null ? (unit === "bytes" ? 1 : seconds) : Number(/^\d{1,9}/.exec(every)?.[0] ?? "0");
  if (interval === 0) return { problem: "bad value of --hashlimit-rate-interval" };
  // A rate that is only compared counts in the interval, hence per unit of time (hashlimit_mt_check).
  const cost = rateMatch && unit === "packets" ? Math.floor(written.value.cost / seconds) : written.value.cost;
  if (!rateMatch && overflows(written.value, burst.value)) return { problem: "overflow, try a lower rate or burst" };
  const bursts = unit === "bytes" && givenOption(given, "hashlimit-burst") !== undefined;
  return {
    value: {
      mode: (above !== undefined) === option.invert ? "upto" : "above",
      rate: { unit, cost },
      burst: burst.value,
      by,
      name,
      sourceMask,
      destinationMask,
      tableSize,
      tableMax,
      collectEvery,
      expireAfter: expire >= 0 ? expire : (bursts ? BYTE_EXPIRE_BURST : seconds) * 1000,
      rateMatch,
      interval: rateMatch ? interval : 1,
    },
  };
}

function printHashlimit(options: Matches["hashlimit"], bits: number): readonly string[] {
  const rate = formatHashRate(options.rate);
  const bytes = options.rate.unit === "bytes";
  const usual = (bytes && options.burst > 0 ? BYTE_EXPIRE_BURST : rate.seconds) * 1000;
  const number = (name: string, value: number, silent: number): readonly string[] =>
    value === silent ? [] : [`--hashlimit-${name}`, String(value)];
  return [
    `--hashlimit-${options.mode}`,
    rate.text,
    ...(bytes && options.burst === 0 ? [] : ["--hashlimit-burst", formatBurst(options)]),
    ...modeWords(options),
    "--hashlimit-name",
    options.name,
    ...number("htable-size", options.tableSize, 0),
    ...number("htable-max", options.tableMax, 0),
    ...number("htable-gcinterval", options.collectEvery, DEFAULT_COLLECT),
    ...number("htable-expire", options.expireAfter, usual),
    ...number("srcmask", options.sourceMask, bits),
    ...number("dstmask", options.destinationMask, bits),
    ...(options.rateMatch ? ["--hashlimit-rate-match", ...number("rate-interval", options.interval, 1)] : []),
  ];
}

/** A number where one IPv4 address tells the entries apart; ports only of protocols that have them. */
function entryKey(
  { by }: Matches["hashlimit"],
  source: Address,
  destination: Address,
  packet: Packet,
): string | number {
  const ported = (by.sourcePort || by.destinationPort) && hasPorts(packet.protocol) && packet.fragmentOffset === 0;
  if (!ported && packet.src.family === 4 && !(by.source && by.destination)) {
    return by.source ? source.a : by.destination ? destination.a : -1;
  }
  const from = by.source ? `${source.a}:${source.b}:${source.c}:${source.d}` : "";
  const to = by.destination ? `${destination.a}:${destination.b}:${destination.c}:${destination.d}` : "";
  return `${from} ${ported && by.sourcePort ? packet.sport : ""} ${to} ${ported && by.destinationPort ? packet.dport : ""}`;
}

function freshEntry(options: Matches["hashlimit"], now: number): Entry {
  const { rate, burst, rateMatch } = options;
  const credit = rateMatch ? 0 : rate.unit === "packets" ? rate.cost * burst : 1;
  return { credit, refills: burst, exceeded: false, updatedAt: now, expires: 0 };
}

/** rateinfo_recalc(): credit for the time since the entry's last packet. */
function refill(entry: Entry, options: Matches["hashlimit"], now: number): void {
  const passed = now - entry.updatedAt;
  const { rate, burst, interval } = options;
  if (options.rateMatch) {
    if (passed < interval) return;
    entry.exceeded = entry.credit * interval > passed * rateOf(rate);
    entry.credit = 0;
  } else if (rate.unit === "packets") {
    entry.credit = Math.min(rate.cost * burst, entry.credit + passed * MICROSECONDS);
  } else entry.credit = Math.min(1, entry.credit + passed);
  entry.updatedAt = now;
}

/** user2rate() and user2rate_bytes(): packets or bytes in one interval. */
function rateOf({ unit, cost }: Rate): number {
  return unit === "packets" ? Math.floor(MICROSECONDS / cost) : bytesOfCost(cost);
}

function withinRate(entry: Entry, options: Matches["hashlimit"], packet: Packet): boolean {
  const { rate, burst, rateMatch } = options;
  if (rateMatch) {
    entry.credit += rate.unit === "bytes" ? packetLength(packet) : 1;
    const limit = rateOf(rate);
    const most = rate.unit === "packets" ? limit + burst : burst === 0 ? limit : burst * limit;
    return !entry.exceeded && entry.credit <= most;
  }
  let cost = rate.cost;
  let slack = EPSILON;
  if (rate.unit === "bytes") {
    const perBlock = Math.floor((rate.cost * SECOND_OF_CREDIT) / 2 ** 32) / SECOND_OF_CREDIT;
    cost = Math.min(1, (Math.floor(packetLength(packet) / 16) + 1) * perBlock);
    slack = 1e-9;
    if (entry.credit + slack < cost && entry.refills > 0) {
      entry.refills--;
      entry.credit = 1;
    }
  }
  if (entry.credit + slack < cost) return false;
  entry.credit = Math.max(0, entry.credit - cost);
  return true;
}

/**
 * `-m hashlimit` (net/netfilter/xt_hashlimit.c, revision 3): a token bucket for each group of packets, in a table that
 * all rules of one name share, with the limits of the rule that met a packet first. Rates in bytes count blocks of 16
 * and one more. Idle entries are forgotten, and with them what they owe, at the next collection after their time. A full
 * table makes the kernel drop the packet, which takes at least 8,192 entries and is not modelled.
 */
export const hashlimit: MatchExtension<"hashlimit"> = {
  options: {
    "hashlimit-upto": { values: 1, negatable: true, aliases: ["hashlimit"] },
    "hashlimit-above": { values: 1, negatable: true },
    "hashlimit-burst": { values: 1, negatable: false },
    "hashlimit-mode": { values: 1, negatable: false },
    "hashlimit-srcmask": { values: 1, negatable: false },
    "hashlimit-dstmask": { values: 1, negatable: false },
    "hashlimit-name": { values: 1, negatable: false },
    "hashlimit-htable-size": { values: 1, negatable: false },
    "hashlimit-htable-max": { values: 1, negatable: false },
    "hashlimit-htable-gcinterval": { values: 1, negatable: false },
    "hashlimit-htable-expire": { values: 1, negatable: false },
    "hashlimit-rate-match": { values: 0, negatable: false },
    "hashlimit-rate-interval": { values: 1, negatable: false },
  },
  parse: (given, { family }) => parseHashlimit(given, addressBits(family)),
  print: (options, { family }) => printHashlimit(options, addressBits(family)),
  compile(own, rule, family) {
    const decides = limitDecides(rule);
    const key = `${family} ${own.name}`;
    const above = own.mode === "above";
    const sourceMask = netmask(family, own.sourceMask);
    const destinationMask = netmask(family, own.destinationMask);
    return {
      kind: "call",
      test({ packet }, runtime) {
        if (decides && isUsedUp(runtime, `hashlimit ${own.name}`)) return above;
        const now = runtime.services.now();
        const { options, entries } = matchState(runtime, "hashlimit", key, () => ({
          options: own,
          entries: new Map(),
        }));
        const { by } = options;
        const source = by.source ? maskAddress(packet.src, sourceMask) : packet.src;
        const destination = by.destination ? maskAddress(packet.dst, destinationMask) : packet.dst;
        const at = entryKey(options, source, destination, packet);
        let entry = entries.get(at);
        const collected = (Math.floor((now * 1000) / options.collectEvery) * options.collectEvery) / 1000;
        if (entry === undefined || collected >= entry.expires) {
          entry = freshEntry(options, now);
          entries.set(at, entry);
        } else refill(entry, options, now);
        entry.expires = now + options.expireAfter / 1000;
        return withinRate(entry, options, packet) !== above;
      },
    };
  },
};
