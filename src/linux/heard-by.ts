import { type ListeningSocket, listensFor } from "../model/socket.ts";
import type { Skb } from "./skb.ts";

/**
 * The device that a socket must be bound to, if to any, to hear a packet (inet_iif(), inet6_iif()): the one it came in by; for what comes
 * through lo that of the local route it was sent by, which is where the address is.
 */
function deviceOf({ input, route }: Skb): string | null {
  const own = input?.kind === "loopback" && route?.kind === "local" ? route.route.nextHops[0]?.interface : undefined;
  return own ?? input?.name ?? null;
}

/** Whether a packet that has arrived reaches a listening socket. */
export function isHeardBy(socket: ListeningSocket, skb: Skb): boolean {
  return listensFor(socket, skb.packet, deviceOf(skb));
}
