import type { Interface } from "../model/interface.ts";
import { type Address, formatAddress } from "../net/address.ts";
import type { CompiledHost } from "./compiled-host.ts";
import { quietSysctl } from "./device-settings.ts";
import {
  dumpedAge,
  isFresh,
  longestProbing,
  mayBeConfirmed,
  type NeighbourAge,
  type NeighbourTimes,
  type ProbeSpan,
  probingTime,
  reachableAge,
  renew,
  staleAge,
  use,
} from "./neighbour-age.ts";
import { linkLocalOf } from "./neighbour-discovery.ts";
import { findNeighbour, isDumped, isFixed, type NeighbourEntry, setNeighbour } from "./neighbour-table.ts";
import { SCOPE_LINK, selectAddress } from "./routing/source-address.ts";
import type { HostRuntime } from "./runtime.ts";

/**
 * The states of a neighbour that is known (net/core/neighbour.c), worked out when a packet goes by the entry, as if the clock had moved
 * it on (`neighbour-age.ts`). In PROBE whoever has that MAC address is asked `ucast_solicit` times, `retrans_time_ms` apart, then
 * all, `mcast_resolicit` times. An answer makes it REACHABLE, none FAILED, after which the link is asked anew.
 */

const known = new WeakMap<CompiledHost, Map<string, NeighbourTimes>>();

/** The settings of the device; those that no dump tells have the kernel's defaults, without a word. */
function timesOf(runtime: HostRuntime, device: string, family: 4 | 6): NeighbourTimes {
  const times = known.get(runtime.compiled) ?? new Map<string, NeighbourTimes>();
  known.set(runtime.compiled, times);
  const key = family === 4 ? device : `${device} 6`;
  const read = times.get(key) ?? readTimes(runtime, device, family);
  times.set(key, read);
  return read;
}

function readTimes(runtime: HostRuntime, device: string, family: 4 | 6): NeighbourTimes {
  const ofNeighbour = (name: string, fallback: number): number =>
    neighbourSetting(runtime, device, family, name, fallback);
  const reachable = ofNeighbour("base_reachable_time_ms", 30_000) / 1000;
  return {
    shortest: reachable / 2,
    longest: (reachable * 3) / 2,
    delay: ofNeighbour("delay_first_probe_time", 5),
    unicasts: ofNeighbour("ucast_solicit", 3),
    multicasts: ofNeighbour("mcast_solicit", 3),
    again: ofNeighbour("mcast_resolicit", 0),
    between: ofNeighbour("retrans_time_ms", 1000) / 1000,
  };
}

/** A setting of `net.ipv4.neigh.DEV` or `net.ipv6.neigh.DEV`. */
export function neighbourSetting(
  runtime: HostRuntime,
  device: string,
  family: 4 | 6,
  name: string,
  fallback: number,
): number {
  return quietSysctl(runtime, `net.ipv${family}.neigh.${device.replaceAll(".", "/")}.${name}`, fallback);
}

/** How often the kernel asks for a neighbour that it knows nothing of, and the seconds from one question to the next. */
export function solicitations(
  runtime: HostRuntime,
  device: string,
  family: 4 | 6,
): { readonly atMost: number; readonly between: number } {
  const { multicasts, between } = timesOf(runtime, device, family);
  return { atMost: multicasts, between };
}

/**
 * What the cache holds for a next hop that a packet is about to use: the entry as the clock has left it, and from now on in use.
 * Null where there is none.
 */
export function usedNeighbour(runtime: HostRuntime, device: Interface, nextHop: Address): NeighbourEntry | null {
  const entry = findNeighbour(runtime.neighbours, device.name, nextHop);
  if (!runtime.neighbours.ages) return entry;
  if (entry === null || entry.state === "failed" || entry.mac === null || isFixed(entry) || device.noArp) return entry;
  const now = runtime.services.now();
  const times = timesOf(runtime, device.name, nextHop.family);
  entry.age ??= ageOf(entry, times);
  if (entry.headerCached === true && isFresh(entry.age, now, times)) return entry;
  const span = use(entry.age, now, times, entry.headerCached === true);
  if (now < span.soonest) return entry;
  const left = probe(runtime, device, entry, span, times);
  if (left === entry) use(entry.age, now, times, true);
  return left;
}

/** sock_confirm_neigh(): whoever has the entry's MAC address may have been heard from. */
export function confirmNeighbour(runtime: HostRuntime, device: Interface, entry: NeighbourEntry): void {
  if (entry.age === undefined) return;
  mayBeConfirmed(entry.age, runtime.services.now(), timesOf(runtime, device.name, entry.address.family));
}

function ageOf(entry: NeighbourEntry, times: NeighbourTimes): NeighbourAge {
  if (isDumped(entry)) return dumpedAge(entry.text, times);
  return entry.text.startsWith(ANSWERED) ? reachableAge(entry.updated) : staleAge();
}

const ANSWERED = "answered by";

/** Whoever has that MAC address is asked; what comes of it was known when it was asked first, or once all questions were in vain. */
function probe(
  runtime: HostRuntime,
  device: Interface,
  entry: NeighbourEntry,
  span: ProbeSpan,
  times: NeighbourTimes,
): NeighbourEntry {
  const now = runtime.services.now();
  const { address } = entry;
  const sender = proberOf(runtime, device, address);
  const answer = runtime.services.resolve(runtime, device, address, sender, entry.mac);
  // A machine that nobody dumped is taken to answer, as it is where it is asked for the first time.
  if (answer.kind !== "unresolved") {
    if (entry.age !== undefined) renew(entry.age, now, span);
    const isAsked = now >= span.latest && !entry.text.startsWith(ANSWERED);
    if (isAsked) entry.text = answer.text.startsWith(ANSWERED) ? answer.text : `${ANSWERED} ${answer.text}`;
    return entry;
  }
  const takes = probingTime(times);
  if (now < span.soonest + takes) return entry;
  if (now < span.latest + longestProbing(times) && !hasGivenUp(runtime, device, entry)) return entry;
  const found = times.again > 0 ? runtime.services.resolve(runtime, device, address, sender) : answer;
  const made: NeighbourEntry =
    found.kind === "mac"
      ? { address, mac: found.mac, state: "resolved", text: found.text, updated: now, headerCached: true }
      : { address, mac: null, state: "failed", text: "FAILED", updated: now, headerCached: false };
  setNeighbour(runtime.neighbours, device.name, made);
  return made;
}

/** arp_solicit() and ndisc_solicit() without a packet that waits: the best address of the device, or its link-local one. */
function proberOf(runtime: HostRuntime, device: Interface, address: Address): Address | null {
  return address.family === 4 ? selectAddress(runtime, device, address, SCOPE_LINK) : linkLocalOf(device);
}

/** Nobody answers at the MAC address of an entry that may be older than that matters, or not. */
function hasGivenUp(runtime: HostRuntime, device: Interface, { address, mac }: NeighbourEntry): boolean {
  const { name } = runtime.host;
  const who = `${formatAddress(address)} on ${name} ${device.name}`;
  const taken = runtime.services.choose({
    kind: "unknown",
    code: "neighbour-age",
    variable: `${who} has failed at ${runtime.services.now()}`,
    question: `has ${name} given up its entry for ${formatAddress(address)} on ${device.name}, at whose MAC address ${mac ?? ""} nobody answers?`,
    alternatives: [
      { label: "not yet: it sends there", probability: 0 },
      { label: "it has, and asks anew", probability: 0 },
    ],
  });
  return taken === 1;
}
