import type { Interface } from "../model/interface.ts";
import type { Address } from "../net/address.ts";
import { quietSysctl } from "./device-settings.ts";
import { findNeighbour, isFixed, type NeighbourEntry, setNeighbour } from "./neighbour-table.ts";
import type { HostRuntime } from "./runtime.ts";

/**
 * The states of a neighbour that is known (net/core/neighbour.c), each as long as its settings say. They are worked out when a packet
 * goes by the entry, as if the clock had moved it on: REACHABLE for `base_reachable_time_ms` (the kernel draws half to one and a half of it), then
 * STALE; from its first use on DELAY for `delay_first_probe_time`; then PROBE, in which whoever has that MAC address is asked
 * `ucast_solicit` times, `retrans_time_ms` apart. An answer makes it REACHABLE, none FAILED, after which the link is asked anew.
 */

/** Seconds and counts of `net.ipv4.neigh.DEV.*` and `net.ipv6.neigh.DEV.*`. */
interface NeighbourTimes {
  readonly reachable: number;
  readonly delay: number;
  readonly unicasts: number;
  readonly multicasts: number;
  readonly between: number;
}

/** The settings of the device; those that no dump tells have the kernel's defaults, without a word. */
function timesOf(runtime: HostRuntime, device: string, family: 4 | 6): NeighbourTimes {
  const ofNeighbour = (name: string, fallback: number): number =>
    neighbourSetting(runtime, device, family, name, fallback);
  return {
    reachable: ofNeighbour("base_reachable_time_ms", 30_000) / 1000,
    delay: ofNeighbour("delay_first_probe_time", 5),
    unicasts: ofNeighbour("ucast_solicit", 3),
    multicasts: ofNeighbour("mcast_solicit", 3),
    between: ofNeighbour("retrans_time_ms", 1000) / 1000,
  };
}

function neighbourSetting(runtime: HostRuntime, device: string, family: 4 | 6, name: string, fallback: number): number {
  return quietSysctl(runtime, `net.ipv${family}.neigh.${device.replaceAll(".", "/")}.${name}`, fallback);
}

/**
 * pneigh_enqueue() (net/core/neighbour.c): who stands in for another answers a question to all only after a draw of up to
 * `proxy_delay` (USER_HZ), and each of three questions anew. False: none of the answers comes before the asker has given up.
 */
export function proxyAnswersInTime(runtime: HostRuntime, device: Interface): boolean {
  const longest = neighbourSetting(runtime, device.name, 4, "proxy_delay", 80) / 100;
  if (longest <= ASKED_FOR) return true;
  const late = [0, 1, 2].reduce((all, asked) => all * (1 - (ASKED_FOR - asked) / longest), 1);
  const { name } = runtime.host;
  const taken = runtime.services.choose({
    kind: "random",
    variable: `${name} ${device.name} proxy_delay`,
    question: `does ${name} answer for another within ${ASKED_FOR} s? proxy_delay lets it wait up to ${longest} s`,
    alternatives: [
      { label: "it answers", probability: 1 - late },
      { label: "it is too late", probability: late },
    ],
  });
  return taken === 0;
}

/** Seconds in which an asker with the kernel's defaults waits for an answer. */
const ASKED_FOR = 3;

/** Seconds until the kernel gives up on a neighbour that it knows nothing of. */
export function solicitationTime(runtime: HostRuntime, device: string, family: 4 | 6): number {
  const { multicasts, between } = timesOf(runtime, device, family);
  return multicasts * between;
}

/**
 * What the cache holds for a next hop that a packet is about to use: the entry as the clock has left it, and from now on in use.
 * Null where there is none.
 */
export function usedNeighbour(
  runtime: HostRuntime,
  device: Interface,
  nextHop: Address,
  sender: () => Address | null,
): NeighbourEntry | null {
  const known = findNeighbour(runtime.neighbours, device.name, nextHop);
  if (!runtime.neighbours.ages) return known;
  if (known === null || known.state === "failed" || known.mac === null || isFixed(known) || device.noArp) return known;
  const now = runtime.services.now();
  const times = timesOf(runtime, device.name, nextHop.family);
  if (known.delayedSince === undefined) {
    if (isReachable(known, now, times)) known.lastUsed = now;
    else known.delayedSince = delayFrom(known, now, times);
  }
  const probedAt = (known.delayedSince ?? now) + times.delay;
  if (now < probedAt || isReachable(known, now, times)) return known;
  return probe(runtime, device, known, probedAt, times, sender());
}

function isReachable(
  { text, updated, delayedSince }: NeighbourEntry,
  now: number,
  { reachable }: NeighbourTimes,
): boolean {
  if (delayedSince !== undefined) return false;
  if (text === "REACHABLE") return now < reachable;
  return text.startsWith("answered by") && now < updated + reachable;
}

/** neigh_timer_handler(): what was used shortly before it ceased to be reachable is in DELAY from then on. */
function delayFrom(entry: NeighbourEntry, now: number, { reachable, delay }: NeighbourTimes): number {
  // Those of a dump have been so for an unknown part of the time: as if it had just begun.
  if (entry.text === "DELAY") return 0;
  if (entry.text === "PROBE") return -delay;
  const ceased = (entry.text === "REACHABLE" ? 0 : entry.updated) + reachable;
  const wasUsed = entry.lastUsed !== undefined && entry.lastUsed + delay >= ceased;
  return wasUsed ? ceased : now;
}

/** Whoever has that MAC address is asked; what comes of it was known at `probedAt`, or once all questions were in vain. */
function probe(
  runtime: HostRuntime,
  device: Interface,
  entry: NeighbourEntry,
  probedAt: number,
  times: NeighbourTimes,
  sender: Address | null,
): NeighbourEntry {
  const { services } = runtime;
  const answer = services.resolve(runtime, device, entry.address, sender, entry.mac);
  const kept = { address: entry.address, mac: entry.mac, headerCached: entry.headerCached ?? false };
  // A machine that nobody dumped is taken to answer, as it is where it is asked for the first time.
  const answered = answer.kind !== "unresolved";
  const until = probedAt + times.unicasts * times.between;
  if (!answered && services.now() < until) return entry;
  const made: NeighbourEntry = answered
    ? { ...kept, state: "resolved", text: answeredBy(answer.text), updated: probedAt }
    : { ...kept, mac: null, state: "failed", text: "FAILED", updated: until, headerCached: false };
  setNeighbour(runtime.neighbours, device.name, made);
  if (!answered) return made;
  // Since then it may have become stale again.
  if (!isReachable(made, services.now(), times)) made.delayedSince = services.now();
  return made;
}

function answeredBy(text: string): string {
  return text.startsWith("answered by") ? text : `answered by ${text}`;
}
