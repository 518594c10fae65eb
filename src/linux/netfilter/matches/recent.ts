import type { Matches } from "../../../model/ruleset.ts";
import { type Address, type Family, formatAddress, parseAddress } from "../../../net/address.ts";
import { addressBits, maskAddress, netmask } from "../../../net/prefix.ts";
import type { HostRuntime } from "../../runtime.ts";
import type { Skb } from "../../skb.ts";
import type { MatchExtension } from "../extension.ts";
import { matchState } from "../match-state.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, givenValue, optionWords } from "../option-words.ts";
import { unknownOutcome } from "../unknown-outcome.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly recent: {
      readonly mode: "set" | "rcheck" | "update" | "remove";
      readonly invert: boolean;
      /** 0 where `--seconds` is absent; likewise `hitCount`. */
      readonly seconds: number;
      readonly reap: boolean;
      readonly hitCount: number;
      readonly matchTtl: boolean;
      readonly name: string;
      readonly mask: Address;
      readonly side: "source" | "destination";
    };
  }
}
declare module "../match-state.ts" {
  interface MatchStates {
    recent: RecentList;
  }
}

/** A list of recently seen addresses (`/proc/net/xt_recent/NAME`), least recently used first. */
interface RecentList {
  readonly entries: Map<number | string, RecentEntry>;
  /** Time stamps kept of each address. */
  stampsKept: number;
}

interface RecentEntry {
  ttl: number;
  /** Seconds, a ring: `next` is where the next stamp goes. NaN: no dump tells when that was. */
  readonly stamps: number[];
  next: number;
}

/** A list is a file below /proc/net/xt_recent. */
const LIST_NAME = /^(?!\.{1,2}$)[^/]{1,199}$/;
/** Addresses a list holds (module parameter ip_list_tot). */
const LIST_SIZE = 100;
/** Time stamps kept of each address where no rule counts more hits. */
const STAMPS = 32;

function entryKey(address: Address): number | string {
  return address.family === 4 ? address.a : `${address.a}:${address.b}:${address.c}:${address.d}`;
}

/** A list as it was dumped, at virtual second 0. */
function startingList({ host }: HostRuntime, name: string): RecentList {
  const records = [...(host.recentLists?.get(name) ?? [])].sort((x, y) => x.lastSeen - y.lastSeen);
  const entries = new Map<number | string, RecentEntry>();
  for (const { address, ttl, ages, next } of records) {
    entries.set(entryKey(address), { ttl, stamps: ages.map((age) => (age === null ? Number.NaN : -age)), next });
  }
  return { entries, stampsKept: Math.max(STAMPS, ...records.map(({ ages }) => ages.length)) };
}

function touch(list: RecentList, key: number | string, entry: RecentEntry, now: number): void {
  entry.next %= list.stampsKept;
  entry.stamps[entry.next] = now;
  entry.next++;
  list.entries.delete(key);
  list.entries.set(key, entry);
}

function add(list: RecentList, key: number | string, ttl: number, now: number): void {
  if (list.entries.size >= LIST_SIZE) {
    for (const oldest of list.entries.keys()) {
      list.entries.delete(oldest);
      break;
    }
  }
  list.entries.set(key, { ttl, stamps: [now], next: 1 });
}

/** recent_entry_reap(): drops the least recently used entry when its last stamp is too old. */
function reap(list: RecentList, cutoff: number, working: RecentEntry, updating: boolean): void {
  for (const [key, entry] of list.entries) {
    if (entry === working && updating) return;
    if (cutoff > (entry.stamps[entry.next - 1] ?? 0)) list.entries.delete(key);
    return;
  }
}

function recentMatches(options: Matches["recent"], skb: Skb, runtime: HostRuntime): boolean {
  const { mode, invert, seconds } = options;
  const { packet } = skb;
  const now = runtime.services.now();
  const list = matchState(runtime, "recent", options.name, () => startingList(runtime, options.name));
  list.stampsKept = Math.max(list.stampsKept, options.hitCount);
  const key = entryKey(maskAddress(options.side === "source" ? packet.src : packet.dst, options.mask));
  // The TTL counts as it was before forwarding took one off.
  const forwarded = skb.output !== null && skb.owner === null && !skb.fromKernel;
  const ttl = forwarded ? packet.ttl + 1 : packet.ttl;
  const found = list.entries.get(key);
  const entry = found !== undefined && options.matchTtl && found.ttl !== ttl && found.ttl !== 0 ? undefined : found;
  if (entry === undefined) {
    if (mode !== "set") return isInUndumpedList(runtime, options) !== invert;
    add(list, key, ttl, now);
    return !invert;
  }
  if (mode === "set") {
    touch(list, key, entry, now);
    entry.ttl = ttl;
    return !invert;
  }
  if (mode === "remove") {
    list.entries.delete(key);
    return !invert;
  }
  const cutoff = now - seconds;
  const needed = Math.max(1, options.hitCount);
  const certain = seconds === 0 ? entry.stamps.length : entry.stamps.filter((stamp) => stamp >= cutoff).length;
  const possible = certain + (seconds === 0 ? 0 : entry.stamps.filter(Number.isNaN).length);
  const told = possible >= needed ? wereRecent : isInUndumpedList;
  const hit = certain >= needed || told(runtime, options, key);
  const result = hit !== invert;
  const updating = mode === "update" && result;
  if (options.reap) reap(list, cutoff, entry, updating);
  if (updating) {
    touch(list, key, entry, now);
    entry.ttl = ttl;
  }
  return result;
}

/** Whether an address is in a list that nobody dumped, or there oftener than podpath saw it: none is, by assumption. */
function isInUndumpedList(runtime: HostRuntime, { name }: Matches["recent"]): boolean {
  const { host, services } = runtime;
  if (host.knowledge.get("recentLists") !== "assumed") return false;
  return services.assume(runtime, "recent-lists-empty", `list ${name} on ${host.name} is empty`, 1) !== 0;
}

/** The list was dumped without the time. */
function wereRecent(runtime: HostRuntime, { name, seconds }: Matches["recent"], key: number | string): boolean {
  return unknownOutcome(runtime, {
    code: "recent-list-age",
    item: `recent list ${name} ${seconds} s`,
    fields: String(key),
    question: `did the packets of list ${name} come within ${seconds} seconds`,
    no: "longer ago",
    yes: "so recently",
    command: "tail -v -n +1 /proc/net/xt_recent/*; grep -m2 -e ^now -e ^jiffies /proc/timer_list",
  });
}

function parseMask(text: string | null, family: Family): Address | null {
  if (text === null) return netmask(family, addressBits(family));
  const mask = parseAddress(text);
  return mask?.family === family ? mask : null;
}

/**
 * `-m recent` (net/netfilter/xt_recent.c recent_mt). Lists are per name and host, hold 100 addresses, start as dumped, and
 * are empty after a ruleset load. An address has one entry: `--set` cannot say `--rttl`, and so finds the one that is there.
 */
export const recent: MatchExtension<"recent"> = {
  options: {
    set: { values: 0, negatable: true },
    rcheck: { values: 0, negatable: true },
    update: { values: 0, negatable: true },
    remove: { values: 0, negatable: true },
    seconds: { values: 1, negatable: false },
    reap: { values: 0, negatable: false },
    hitcount: { values: 1, negatable: false },
    rttl: { values: 0, negatable: false },
    name: { values: 1, negatable: false },
    mask: { values: 1, negatable: false },
    rsource: { values: 0, negatable: false },
    rdest: { values: 0, negatable: false },
  },
  parse(given, context) {
    const modes = (["set", "rcheck", "update", "remove"] as const).filter((name) => givenOption(given, name));
    const [mode] = modes;
    if (mode === undefined || modes.length > 1) {
      return { problem: "you must specify one of --set, --rcheck, --update, --remove" };
    }
    const seconds = parseNumber(givenValue(given, "seconds") ?? "0", 0xffffffff);
    const hitCount = parseNumber(givenValue(given, "hitcount") ?? "0", 0xffff);
    const mask = parseMask(givenValue(given, "mask"), context.family);
    if (seconds === null || hitCount === null || mask === null) {
      return { problem: "bad value of --seconds, --hitcount or --mask" };
    }
    const name = givenValue(given, "name") ?? "DEFAULT";
    if (!LIST_NAME.test(name)) return { problem: `bad list name "${name}"` };
    if (givenValue(given, "seconds") !== null && seconds === 0) return { problem: "--seconds counts from 1" };
    const reapGiven = givenOption(given, "reap") !== undefined;
    if (reapGiven && seconds === 0) return { problem: "--reap requires --seconds" };
    const matchTtl = givenOption(given, "rttl") !== undefined;
    if (matchTtl && (mode === "set" || mode === "remove")) return { problem: `--rttl does not go with --${mode}` };
    return {
      value: {
        mode,
        invert: givenOption(given, mode)?.invert ?? false,
        seconds,
        reap: reapGiven,
        hitCount,
        matchTtl,
        name,
        mask,
        side: givenOption(given, "rdest") === undefined ? "source" : "destination",
      },
    };
  },
  print: (options) => [
    ...optionWords(options.mode, options.invert),
    ...(options.seconds === 0 ? [] : ["--seconds", String(options.seconds)]),
    ...(options.reap ? ["--reap"] : []),
    ...(options.hitCount === 0 ? [] : ["--hitcount", String(options.hitCount)]),
    ...(options.matchTtl ? ["--rttl"] : []),
    "--name",
    options.name,
    "--mask",
    formatAddress(options.mask),
    options.side === "source" ? "--rsource" : "--rdest",
  ],
  compile: (options) => ({ kind: "call", test: (skb, runtime) => recentMatches(options, skb, runtime) }),
};
