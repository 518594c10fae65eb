import { type PortRange, type PortSet, portSetHas, portSetSize, subtractPortSets } from "../../net/port-set.ts";
import { ICMP, ICMPV6, TCP } from "../../net/protocol.ts";
import { drawnNumber, freeValue, isFree, keepApart, valueIn } from "../free-value.ts";
import type { HostRuntime } from "../runtime.ts";
import { mayClash } from "./clash.ts";
import { type Connection, IPS_DST_NAT, IPS_DYING, IPS_FIXED_TIMEOUT, IPS_SRC_NAT, type Tuple } from "./connection.ts";
import { findDrawnHolder } from "./drawn-port.ts";
import type { Manip } from "./nat.ts";
import type { NatRange } from "./nat-range.ts";
import { connectionIn, connectionsIn, findSlot, findSlotInDirection, removeConnection } from "./table.ts";
import { originalEnd } from "./tcp-opening.ts";
import { after } from "./tcp-window.ts";
import { type MutableTuple, passingInverse, sameButZone, sameTuple, scratchTuple, tracksPorts } from "./tuple.ts";

/** Ports the kernel tries in turn (NF_NAT_MAX_ATTEMPTS). */
const ATTEMPTS = 128;
/** Among the last so many tries, a closed TCP connection gives way (NF_NAT_HARDER_THRESH). */
const HARDER = 32;

/** Whether the manipulable part of the tuple is a port, an ICMP id, or nothing. */
export function keyKind({ protocol }: Tuple): "port" | "id" | "none" {
  if (protocol === ICMP || protocol === ICMPV6) return "id";
  return tracksPorts(protocol) ? "port" : "none";
}

/** The port or id that NAT may change. */
export function keyOf(tuple: Tuple, manip: Manip): number {
  return manip === "SNAT" || keyKind(tuple) === "id" ? tuple.sport : tuple.dport;
}

function setKey(tuple: MutableTuple, manip: Manip, key: number): void {
  if (manip === "SNAT" || keyKind(tuple) === "id") tuple.sport = key;
  else tuple.dport = key;
}

const tried = scratchTuple();

/** The same tuple with another key, for a look-up only: written into one object, which the next call overwrites. */
function withKey({ src, dst, protocol, sport, dport, zone }: Tuple, manip: Manip, key: number): Tuple {
  tried.src = src;
  tried.dst = dst;
  tried.protocol = protocol;
  tried.sport = sport;
  tried.dport = dport;
  tried.zone = zone;
  setKey(tried, manip, key);
  return tried;
}

/**
 * nf_conntrack_tuple_taken(): the reply to this tuple would already belong to another connection. One with the same
 * original tuple is the same flow, which is settled when it is confirmed.
 */
export function isUsed(runtime: HostRuntime, connection: Connection, tuple: Tuple): boolean {
  return userOf(runtime, connection, tuple) !== null;
}

/**
 * nf_nat_used_tuple_new(): of a packet's own source NAT does not say that another has it where that other is this flow the other way round,
 * untranslated, as only zones bring about. What comes of it shows when the connection is confirmed.
 */
export function isUsedByOther(runtime: HostRuntime, connection: Connection, tuple: Tuple): boolean {
  const user = userOf(runtime, connection, tuple);
  if (user === null) return false;
  if (!mayClash(tuple.protocol) || (user.status & (IPS_SRC_NAT | IPS_DST_NAT)) !== 0) return true;
  return !sameButZone(user.original, connection.reply) || !sameButZone(user.reply, connection.original);
}

/** The same of the reply itself. */
export function isTaken(runtime: HostRuntime, connection: Connection, reply: Tuple): boolean {
  return holderOf(runtime, connection, reply) !== null;
}

function userOf(runtime: HostRuntime, connection: Connection, tuple: Tuple): Connection | null {
  const reply = passingInverse(tuple);
  return reply === null ? null : holderOf(runtime, connection, reply);
}

function holderOf(runtime: HostRuntime, connection: Connection, reply: Tuple): Connection | null {
  const slot = slotOf(runtime, connection, reply);
  return otherIn(runtime, connection, slot < 0 ? findDrawnHolder(runtime, connection, reply) : slot);
}

/** The same of connections whose ports are known. */
function knownUserOf(runtime: HostRuntime, connection: Connection, tuple: Tuple): Connection | null {
  const reply = passingInverse(tuple);
  return reply === null ? null : otherIn(runtime, connection, slotOf(runtime, connection, reply));
}

/** Of those whose ports are known. */
function slotOf({ conntrack, services }: HostRuntime, { original }: Connection, reply: Tuple): number {
  const now = services.now();
  const oneZone = original.zone === reply.zone;
  return oneZone ? findSlot(conntrack, reply, now) : findSlotInDirection(conntrack, reply, true, now);
}

function otherIn({ conntrack }: HostRuntime, connection: Connection, slot: number): Connection | null {
  if (slot < 0) return null;
  const holder = connectionIn(conntrack, slot);
  return holder === connection || sameTuple(holder.original, connection.original) ? null : holder;
}

/**
 * nf_nat_l4proto_unique_tuple() (net/netfilter/nf_nat_core.c): gives the tuple a port or id nobody uses. DNAT without
 * `--random` takes the first of its range, a shifted range begins at the packet's own place; else the kernel begins at
 * a random one, which is a free value.
 */
export function findKey(
  runtime: HostRuntime,
  connection: Connection,
  tuple: MutableTuple,
  manip: Manip,
  range: NatRange,
): void {
  const bounds = boundsOf(runtime, tuple, manip, range);
  if (bounds === null) return;
  const { first, last } = bounds;
  const size = last - first + 1;
  const start = startOf(tuple, manip, range, size);
  if (start !== null) {
    const attempts = Math.min(size, ATTEMPTS);
    for (let i = 0; i < attempts; i++) {
      const key = first + (((start + i) & 0xffff) % size);
      // Of a short range the last one, though it is taken: the packet is dropped when it is confirmed.
      const isLast = i === attempts - 1 && size <= ATTEMPTS;
      if (!staysTaken(runtime, connection, withKey(tuple, manip, key), attempts - i) || isLast) {
        return setKey(tuple, manip, key);
      }
    }
  }
  const given = givenUp(runtime, connection, tuple, manip, bounds);
  if (given !== null) return setKey(tuple, manip, given);
  const domain = unusedIn(runtime, connection, tuple, manip, bounds);
  const { freeValues: table, choose } = runtime.services;
  const drawn =
    size <= ATTEMPTS && table.domains.length > 0
      ? drawnFrom(runtime, tuple, manip)
          .map(({ key }) => key)
          .filter((other) => valueIn(table, choose, other, domain))
      : [];
  const only = domain[0];
  // None is left: the packet is dropped when it is confirmed, because another connection has it.
  if (only === undefined || portSetSize(domain) <= drawn.length) return setKey(tuple, manip, drawn[0] ?? first);
  if (domain.length === 1 && only.first === only.last) return setKey(tuple, manip, only.first);
  const key = freeValue(table, domain);
  for (const other of drawn) keepApart(table, key, other);
  setKey(tuple, manip, key);
}

/** Which place of the range is tried first; null: a random one. */
function startOf(tuple: Tuple, manip: Manip, range: NatRange, size: number): number | null {
  const key = keyOf(tuple, manip);
  if (range.portBase !== null && !isFree(key)) return (key - range.portBase) & 0xffff;
  const inOrder = manip === "DNAT" && !range.random && !range.fullyRandom;
  return inOrder || size === 1 ? 0 : null;
}

/** The last try of all: the connection gets its reply whoever has it, but for a closed one that gives way. */
export function makeWay(runtime: HostRuntime, connection: Connection): void {
  holdsOut(runtime, connection, holderOf(runtime, connection, connection.reply), 1);
}

/** nf_nat_used_tuple_harder(). */
function staysTaken(runtime: HostRuntime, connection: Connection, tuple: Tuple, left: number): boolean {
  return holdsOut(runtime, connection, userOf(runtime, connection, tuple), left);
}

function holdsOut(runtime: HostRuntime, connection: Connection, user: Connection | null, left: number): boolean {
  if (user === null) return false;
  if (left > HARDER || !givesWay(user, connection)) return true;
  removeConnection(runtime.conntrack, user);
  return false;
}

/** nf_nat_may_kill(), nf_seq_has_advanced(): a closed, source-translated TCP connection that this one has left behind. */
function givesWay(user: Connection, connection: Connection): boolean {
  const [earlier, later] = [originalEnd(user), originalEnd(connection)];
  if (user.original.protocol !== TCP || earlier === null || later === null) return false;
  if (user.tcpState !== "TIME_WAIT" && user.tcpState !== "CLOSE" && user.tcpState !== "SYN_SENT2") return false;
  if ((user.status & (IPS_FIXED_TIMEOUT | IPS_DYING)) !== 0 || (user.status & IPS_SRC_NAT) === 0) return false;
  return after(later, earlier);
}

/**
 * The port of a short range that a closed connection gives up to this one, if the tries that begin at a random place of the range come to it
 * first; null where they come to another port, or none is given up.
 */
function givenUp(
  runtime: HostRuntime,
  connection: Connection,
  tuple: Tuple,
  manip: Manip,
  { first, last }: PortRange,
): number | null {
  const size = last - first + 1;
  if (tuple.protocol !== TCP || size > ATTEMPTS) return null;
  const users = Array.from({ length: size }, (_, at) =>
    knownUserOf(runtime, connection, withKey(tuple, manip, first + at)),
  );
  const { freeValues: table, choose } = runtime.services;
  for (const { key, user } of table.domains.length > 0 ? drawnFrom(runtime, tuple, manip) : []) {
    if (user === connection || user.expires <= runtime.services.now() || !givesWay(user, connection)) continue;
    if (valueIn(table, choose, key, [{ first, last }])) users[drawnNumber(table, choose, key) - first] = user;
  }
  const yields = users.map((user) => user !== null && givesWay(user, connection));
  if (!yields.includes(true)) return null;
  const begins = new Map<number | null, number>();
  for (let start = 0; start < size; start++) {
    let at = start;
    for (let left = size; left > 0; left--, at = (at + 1) % size) {
      if (users[at] === null || (left <= HARDER && yields[at] === true)) break;
    }
    const key = yields[at] === true ? at : null;
    begins.set(key, (begins.get(key) ?? 0) + 1);
  }
  const results = [...begins];
  const taken =
    results.length === 1
      ? 0
      : choose({
          kind: "random",
          variable: `${runtime.host.name} first port tried of ${first} to ${last}`,
          question: "at which port did the kernel begin to look for one that is free?",
          alternatives: results.map(([at, count]) => ({
            label: at === null ? "one from which it comes to another" : `one from which it comes to ${first + at}`,
            probability: count / size,
          })),
        });
  const at = results[taken]?.[0] ?? null;
  const user = at === null ? null : (users[at] ?? null);
  if (at === null || user === null) return null;
  removeConnection(runtime.conntrack, user);
  return first + at;
}

/** Ports of the range that no live connection is known to have towards the same end. */
function unusedIn(runtime: HostRuntime, connection: Connection, tuple: Tuple, manip: Manip, range: PortRange): PortSet {
  const { first, last } = range;
  let domain: PortSet = range === UNPRIVILEGED ? ALL_UNPRIVILEGED : [range];
  if (last - first + 1 > ATTEMPTS) {
    // Of a wide range only the packet's own port is known to be taken: more would take longer to find than it tells.
    const own = keyOf(tuple, manip);
    const taken = !isFree(own) && portSetHas(domain, own) && isUsed(runtime, connection, tuple);
    return taken ? subtractPortSets(domain, [{ first: own, last: own }]) : domain;
  }
  for (let key = first; key <= last; key++) {
    if (knownUserOf(runtime, connection, withKey(tuple, manip, key)) !== null) {
      domain = subtractPortSets(domain, [{ first: key, last: key }]);
    }
  }
  return domain;
}

/** Connections that differ from `tuple` in nothing but a drawn port or id that nobody has read. */
function drawnFrom(
  runtime: HostRuntime,
  tuple: Tuple,
  manip: Manip,
): readonly { readonly key: number; readonly user: Connection }[] {
  const drawn: { readonly key: number; readonly user: Connection }[] = [];
  for (const user of connectionsIn(runtime.conntrack)) {
    const used = passingInverse(user.reply);
    if (used === null) continue;
    const key = keyOf(used, manip);
    if (isFree(key) && sameTuple(withKey(tuple, manip, key), used)) drawn.push({ key, user });
  }
  return drawn;
}

const IDS: PortRange = { first: 0, last: 0xffff };
const LOW: PortRange = { first: 1, last: 511 };
const PRIVILEGED: PortRange = { first: 600, last: 1023 };
const UNPRIVILEGED: PortRange = { first: 1024, last: 0xffff };
const ALL_UNPRIVILEGED: PortSet = [UNPRIVILEGED];

/** What nf_nat_l4proto_unique_tuple() sorts source ports by. */
const BELOW_512: PortSet = [{ first: 0, last: 511 }];
const BELOW_1024: PortSet = [{ first: 0, last: 1023 }];

function boundsOf(runtime: HostRuntime, tuple: Tuple, manip: Manip, range: NatRange): PortRange | null {
  const kind = keyKind(tuple);
  if (kind === "none") return null;
  if (range.ports !== null) return range.ports;
  if (kind === "id") return IDS;
  if (manip === "DNAT") return null;
  const { sport } = tuple;
  if (!isFree(sport)) return sport < 512 ? LOW : sport < 1024 ? PRIVILEGED : UNPRIVILEGED;
  const { freeValues, choose } = runtime.services;
  if (valueIn(freeValues, choose, sport, BELOW_512)) return LOW;
  return valueIn(freeValues, choose, sport, BELOW_1024) ? PRIVILEGED : UNPRIVILEGED;
}
