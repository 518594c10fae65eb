import { type PortSet, portSet } from "../../net/port-set.ts";
import { drawnNumber, isFree, isOneOfFew, mayMeet, meet, valueIn } from "../free-value.ts";
import type { HostRuntime } from "../runtime.ts";
import { assumeOtherPort } from "./other-port.ts";
import { type DrawnEntry, type Entry, isSameButPort, type SetIndex } from "./set-index.ts";

/**
 * The living member by a drawn port (`free-value.ts`) that is among those which `isLike` accepts and has this port, drawn
 * or not. Where one of two ports was drawn from a few, whether they are one is a choice; else they are taken to differ.
 */
export function drawnMember(
  runtime: HostRuntime,
  { drawn, set }: SetIndex,
  port: number,
  isLike: (entry: Entry) => boolean,
): DrawnEntry | undefined {
  const { freeValues, choose, now } = runtime.services;
  if (drawn.length === 0) return undefined;
  const alike = drawn.filter(({ entry, expiry }) => expiry >= now() && isLike(entry));
  const same = alike.find(({ entry }) => entry.ports?.first === port);
  if (same !== undefined) return same;
  return alike.find(({ entry }) => {
    const other = entry.ports?.first ?? 0;
    if (!mayMeet(freeValues, other, port)) return false;
    if (isOneOfFew(freeValues, other) || isOneOfFew(freeValues, port)) return meet(freeValues, choose, other, port);
    assumeOtherPort(runtime, set);
    return false;
  });
}

/**
 * What a packet with a drawn port would be as a member: with the port as a number, where that one is there already. Null where it is one of many
 * that are there: which one is not asked.
 */
export function settledEntry(runtime: HostRuntime, index: SetIndex, entry: Entry): Entry | null {
  const { freeValues, choose, now } = runtime.services;
  const port = entry.ports?.first ?? 0;
  if (!isFree(port) || isTakenOut(index, port, (other) => isSameButPort(other, entry))) return entry;
  if (!valueIn(freeValues, choose, port, portsOf(index, entry, now()))) return entry;
  if (!isOneOfFew(freeValues, port)) return null;
  const number = drawnNumber(freeValues, choose, port);
  return { ...entry, ports: { first: number, last: number } };
}

/** Whether a packet with this drawn port has taken it out of many, so that the member by it, whichever that is, is there no more. */
export function isTakenOut({ takenOut }: SetIndex, port: number, isLike: (entry: Entry) => boolean): boolean {
  return takenOut.some((entry) => entry.ports?.first === port && isLike(entry));
}

/** Ports of the living members that are this one but for the port. */
function portsOf({ entries, expiries }: SetIndex, wanted: Entry, now: number): PortSet {
  return portSet(
    entries.flatMap((entry, at) =>
      entry.ports !== null && (expiries[at] ?? 0) >= now && isSameButPort(entry, wanted) ? [entry.ports] : [],
    ),
  );
}
