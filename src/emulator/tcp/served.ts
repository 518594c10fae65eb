import { formatAddress } from "../../net/address.ts";
import type { Packet } from "../../net/packet.ts";
import { SYN } from "../../net/tcp-flags.ts";
import type { TcpStack } from "./stack.ts";

/**
 * Whether a segment is for the stand-in of a server that a dump shows. On a host whose programs have TCP connections of their own,
 * what comes after the end of one of those is for nobody, and a reset answers it (tcp_v4_rcv); the stand-in has what began with a SYN
 * to it.
 */
export function isServed(stack: TcpStack, host: string, { src, dst, sport, dport, flags }: Packet): boolean {
  if (!stack.made.has(host) && !stack.listeners.has(host)) return true;
  const flow = `${host} ${formatAddress(src)} ${sport} ${formatAddress(dst)} ${dport}`;
  if ((flags & SYN) !== 0) stack.served.add(flow);
  return stack.served.has(flow);
}
