import type { Address } from "../net/address.ts";
import { DEST_UNREACHABLE, FRAGMENTATION_NEEDED } from "../net/icmp.ts";
import { quietSysctl, sysctl } from "./device-settings.ts";
import type { HostRuntime } from "./runtime.ts";

/**
 * `struct inet_peer` (net/ipv4/inetpeer.c): one bucket for each address that errors are sent to. Tokens are seconds;
 * errors in general, errors of routes and redirects draw on it by rules of their own.
 */
interface Peer {
  tokens: number;
  /** Virtual time of the last change. */
  last: number;
  /** Redirects in a row. */
  redirects: number;
}

/** What a host has sent lately (`net->ipv4.peers`, `icmp_global_credit`). */
export interface IcmpLimits {
  readonly peers: Map<string, Peer>;
  /** Bounds of the credit for all messages together: each takes 0, 1 or 2 of it, by a draw. */
  least: number;
  most: number;
  /** Draws since the credit was known. */
  draws: number;
  /** Virtual time at which the credit was filled up last. */
  filled: number;
}

/** Limits of a host that has sent nothing lately, as every host is assumed to be at the time of collection. */
export function icmpLimits(): IcmpLimits {
  return { peers: new Map(), least: 0, most: 0, draws: 0, filled: Number.NEGATIVE_INFINITY };
}

export function copyLimits(limits: IcmpLimits): IcmpLimits {
  return { ...limits, peers: new Map([...limits.peers].map(([key, peer]) => [key, { ...peer }])) };
}

/** The limits, with all that was sent sent by then. */
export function limitsAt(limits: IcmpLimits, now: number): IcmpLimits {
  const peers = [...limits.peers].map(([key, peer]): [string, Peer] => [
    key,
    { ...peer, last: Math.min(peer.last, now) },
  ]);
  return { ...limits, peers: new Map(peers), filled: Math.min(limits.filled, now) };
}

/** XRLIM_BURST_FACTOR. */
const BURST = 6;
/** A peer that was just made looks as if it had been silent for so long (inet_getpeer). */
const FIRST_TOKENS = 60;
/** `net.ipv4.route.error_cost` and `error_burst` of the first namespace: seconds. */
const ROUTE_ERROR_COST = 1;
const ROUTE_ERROR_BURST = 5;
/** `net.ipv4.route.redirect_load`, `redirect_number`, `redirect_silence`: 20 ms, 9, 20.48 s. */
const REDIRECT_LOAD = 0.02;
const REDIRECT_NUMBER = 9;
const REDIRECT_SILENCE = REDIRECT_LOAD * 2 ** (REDIRECT_NUMBER + 1);

function peerOf(runtime: HostRuntime, { family, a, b, c, d }: Address): Peer {
  const { peers } = runtime.icmpLimits;
  const key = family === 4 ? String(a) : `${a}:${b}:${c}:${d}`;
  const known = peers.get(key);
  if (known !== undefined) return known;
  const made: Peer = { tokens: 0, last: runtime.services.now() - FIRST_TOKENS, redirects: 0 };
  peers.set(key, made);
  return made;
}

/** Fills a bucket up, to `most` seconds at the most. */
function fill(runtime: HostRuntime, peer: Peer, most: number): void {
  const now = runtime.services.now();
  peer.tokens = Math.min(peer.tokens + Math.max(0, now - peer.last), most);
  peer.last = now;
}

/** `net.ipv4.icmp_ratemask`: types that are limited; fragmentation needed never is (icmpv4_mask_allow). */
function isLimited(runtime: HostRuntime, type: number, code: number): boolean {
  if (type > 18 || (type === DEST_UNREACHABLE && code === FRAGMENTATION_NEEDED)) return false;
  return ((1 << type) & quietSysctl(runtime, "net.ipv4.icmp_ratemask", 6168)) !== 0;
}

/**
 * icmpv4_global_allow() and icmpv4_xrlim_allow() (net/ipv4/icmp.c): whether the host may send this message now. One to
 * `destination` each `icmp_ratelimit`, after a burst of six; all together `icmp_msgs_per_sec`. What goes out over `lo` is
 * not counted for its destination, what came in by it not for all together.
 */
export function allowIcmp(
  runtime: HostRuntime,
  type: number,
  code: number,
  destination: Address,
  loopback: { readonly input: boolean; readonly output: boolean },
): boolean {
  if (!isLimited(runtime, type, code)) return true;
  if (!loopback.input && !hasGlobalCredit(runtime)) return false;
  if (!loopback.output) {
    const peer = peerOf(runtime, destination);
    const read = isNew(runtime, peer) ? quietSysctl : sysctl;
    const each = read(runtime, "net.ipv4.icmp_ratelimit", 1000) / 1000;
    if (!pay(runtime, peer, each)) return false;
  }
  consume(runtime.icmpLimits);
  return true;
}

/** Nothing went there lately: no limit can matter. */
function isNew(runtime: HostRuntime, peer: Peer): boolean {
  return peer.tokens === 0 && peer.redirects === 0 && runtime.services.now() - peer.last >= FIRST_TOKENS;
}

/** The same of an address. */
export function isNewPeer(runtime: HostRuntime, address: Address): boolean {
  return isNew(runtime, peerOf(runtime, address));
}

/** inet_peer_xrlim_allow(): one message each so many seconds, after a burst of six. */
function pay(runtime: HostRuntime, peer: Peer, each: number): boolean {
  fill(runtime, peer, BURST * each);
  if (peer.tokens < each) return false;
  peer.tokens -= each;
  return true;
}

/** The same for an address. */
export function allowPeer(runtime: HostRuntime, address: Address, each: number): boolean {
  return pay(runtime, peerOf(runtime, address), each);
}

/** icmp_global_consume(): 0, 1 or 2. */
export function consume(limits: IcmpLimits): void {
  limits.least -= 2;
  limits.draws++;
}

/** Seconds that must have passed before the credit is filled up again. */
const GLOBAL_PAUSE = 0.02;

/**
 * icmp_global_allow(): while some credit is left, else as much as `icmp_msgs_per_sec` gave since it was filled up last, up
 * to `icmp_msgs_burst`. Where the draws decide whether any is left and no time has passed, that is a choice.
 */
export function hasGlobalCredit(runtime: HostRuntime): boolean {
  const limits = runtime.icmpLimits;
  if (limits.least > 0) return true;
  const now = runtime.services.now();
  const passed = Math.min(1, now - limits.filled);
  const burst = quietSysctl(runtime, "net.ipv4.icmp_msgs_burst", 50);
  const incoming = Math.floor(quietSysctl(runtime, "net.ipv4.icmp_msgs_per_sec", 1000) * passed);
  if (passed >= GLOBAL_PAUSE && incoming > 0) {
    const filled = Math.min(limits.least + incoming, burst);
    limits.least = limits.most > 0 ? Math.min(filled, 1) : filled;
    limits.most = Math.max(limits.most, Math.min(incoming, burst));
    limits.draws = 0;
    limits.filled = now;
    return true;
  }
  if (limits.most <= 0) return false;
  const taken = runtime.services.choose({
    kind: "random",
    variable: `${runtime.host.name} icmp credit ${now} ${limits.draws}`,
    question: `has ${runtime.host.name} any of its ${limits.most} ICMP credits left after ${limits.draws} messages?`,
    alternatives: creditLeft(limits.draws, limits.most),
  });
  if (taken === 0) limits.least = 1;
  else limits.most = 0;
  return taken === 0;
}

/** The sum of n draws of 0, 1 or 2 is nearly normal: mean n, variance 2n/3. */
function creditLeft(
  draws: number,
  credit: number,
): readonly { readonly label: string; readonly probability: number }[] {
  const z = (credit - 0.5 - draws) / Math.sqrt((2 * Math.max(draws, 1)) / 3);
  const left = 1 / (1 + Math.exp(-1.702 * z));
  return [
    { label: "some are left", probability: left },
    { label: "none is left", probability: 1 - left },
  ];
}

/**
 * ip_error() (net/ipv4/route.c): whether the sender is told that there is no route, or an unreachable or prohibit one:
 * once a second, after a burst of five.
 */
export function allowRouteError(runtime: HostRuntime, source: Address): boolean {
  const peer = peerOf(runtime, source);
  fill(runtime, peer, ROUTE_ERROR_BURST);
  if (peer.tokens < ROUTE_ERROR_COST) return false;
  peer.tokens -= ROUTE_ERROR_COST;
  return true;
}

/**
 * ip_rt_send_redirect() (net/ipv4/route.c): whether a redirect goes to the source now. Each of at most nine in a row comes
 * twice as long after the one before, and the first empties the bucket that errors are paid from.
 */
export function allowRedirect(runtime: HostRuntime, source: Address): boolean {
  const peer = peerOf(runtime, source);
  const now = runtime.services.now();
  if (now > peer.last + REDIRECT_SILENCE) {
    peer.tokens = 0;
    peer.redirects = 0;
  }
  if (peer.redirects >= REDIRECT_NUMBER) {
    peer.last = now;
    return false;
  }
  return peer.redirects === 0 || now > peer.last + REDIRECT_LOAD * 2 ** peer.redirects;
}

/** A redirect went out. */
export function countRedirect(runtime: HostRuntime, source: Address): void {
  const peer = peerOf(runtime, source);
  peer.last = runtime.services.now();
  peer.redirects++;
}
