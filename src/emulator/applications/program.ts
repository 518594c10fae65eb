import { localPortRange } from "../../linux/local-port-range.ts";
import type { SendOptions } from "../../linux/runtime.ts";
import type { Host } from "../../model/host.ts";
import { type Address, ipv4, ipv6, isUnspecified } from "../../net/address.ts";
import * as icmp from "../../net/icmp.ts";
import type { Packet } from "../../net/packet.ts";
import type { PortRange } from "../../net/port-set.ts";
import { ICMPV6 } from "../../net/protocol.ts";

/** What the sender's program sees in the end. */
export type ProgramResult = "answered" | "refused" | "unreachable" | "timeout";

/** One answer to a traceroute probe. */
export interface Hop {
  readonly ttl: number;
  /** Who answered; null for `*`. */
  readonly from: Address | null;
  /** `!N`, `!H`, `!X`, … as traceroute marks errors; empty otherwise. */
  readonly mark: string;
}

/** One question to a name server. */
export interface LookedUp {
  readonly name: string;
  readonly server: string;
  /** Addresses; none: there is no such name. Null: no answer came back. */
  readonly answer: readonly string[] | null;
}

export interface ProgramReport {
  readonly result: ProgramResult;
  /** In the words the real program would print. */
  readonly text: string;
  readonly hops: readonly Hop[];
  /** What was asked of name servers first; absent: nothing. */
  readonly lookups?: readonly LookedUp[];
  /** Number of the journey that the result is about; absent: the first one, of a traceroute the last. */
  readonly decisive?: number;
}

/** What a probe's program asks for. */
export interface ProgramTarget {
  /** Source address when the sender binds one; null lets the route choose. */
  readonly source: Address | null;
  readonly destination: Address;
  readonly port: number;
  /** Source port; null: the kernel draws one. */
  readonly sport: number | null;
  /** Payload bytes. */
  readonly size: number;
  readonly df: boolean;
}

/**
 * Whom a socket that sends to `0.0.0.0` or `::` means: its own host, in IPv4 at the address that it is bound to (`source`; null: none).
 * ip_route_output_key_hash_rcu(), and the "BSD'ism" of tcp_v6_connect(), udpv6_sendmsg(), rawv6_sendmsg(); facts/sent-to-nobody.
 */
export function meantBy(destination: Address, source: Address | null): Address {
  if (!isUnspecified(destination)) return destination;
  return destination.family === 6 ? ipv6(0, 0, 0, 1) : (source ?? ipv4(0x7f000001));
}

/** How its first packet is sent: by a socket that is bound to a source, or not. */
export function bindingOf({ source }: ProgramTarget): Pick<SendOptions, "binds" | "selectSource"> {
  return source === null ? { selectSource: true } : { binds: true };
}

/** The call that failed, and strerror(). Of a socket that is not bound, connect() finds no address of its own. */
export function failedCall(errno: string, { source }: ProgramTarget): string {
  const call = errno === "EADDRNOTAVAIL" && source !== null ? "bind" : "connect";
  return `${call}: ${describeErrno(errno)}`;
}

/** Ports the kernel draws ephemeral ones from. */
export function ephemeralPorts(host: Host): PortRange {
  return localPortRange(host);
}

/** True when an ICMP message says that a port or protocol does not want the packet: connect() fails with ECONNREFUSED. */
export function isRefusal(message: Packet): boolean {
  return message.protocol === ICMPV6
    ? message.icmpType === icmp.V6_DEST_UNREACHABLE && message.icmpCode === icmp.V6_PORT_UNREACHABLE
    : message.icmpType === icmp.DEST_UNREACHABLE && message.icmpCode === icmp.PORT_UNREACHABLE;
}

/** True for messages that end a connect(): unreachable and time exceeded (net/ipv4/tcp_ipv4.c tcp_v4_err). */
export function isUnreachable(message: Packet): boolean {
  return message.protocol === ICMPV6
    ? message.icmpType === icmp.V6_DEST_UNREACHABLE || message.icmpType === icmp.V6_TIME_EXCEEDED
    : message.icmpType === icmp.DEST_UNREACHABLE || message.icmpType === icmp.TIME_EXCEEDED;
}

/** Codes of unreachable that a connected UDP socket reports (`fatal` in icmp_err_convert[], net/ipv4/icmp.c). */
const FATAL_CODES: ReadonlySet<number> = new Set([2, 3, 6, 7, 8, 9, 10, 13, 14, 15]);

export function isFatalForUdp(message: Packet): boolean {
  if (message.protocol === ICMPV6) {
    return message.icmpType === icmp.V6_DEST_UNREACHABLE && message.icmpCode !== icmp.V6_NO_ROUTE;
  }
  return message.icmpType === icmp.DEST_UNREACHABLE && FATAL_CODES.has(message.icmpCode);
}

/** strerror() of the errors a failed send gives. */
export function describeErrno(errno: string): string {
  return ERRNO_TEXT.get(errno) ?? errno;
}

const ERRNO_TEXT: ReadonlyMap<string, string> = new Map([
  ["ENETUNREACH", "Network is unreachable"],
  ["EHOSTUNREACH", "No route to host"],
  ["EACCES", "Permission denied"],
  ["EINVAL", "Invalid argument"],
  ["EPERM", "Operation not permitted"],
  ["EMSGSIZE", "Message too long"],
  ["EADDRNOTAVAIL", "Cannot assign requested address"],
]);
