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

/**
 * The listening socket that a packet which has arrived is for: of those of a dump before those that are only declared, one bound to the
 * address before one of any address, then one bound to the device (`device`: where somebody else than its protocol looks). Null: none
 * is known.
 */
export function listenerFor(
  sockets: readonly ListeningSocket[],
  skb: Skb,
  device: string | null = deviceOf(skb),
): ListeningSocket | null {
  let best: ListeningSocket | null = null;
  let most = -1;
  for (const socket of sockets) {
    if (!listensFor(socket, skb.packet, device)) continue;
    const { certainty, address, interface: bound } = socket;
    const score = (certainty === "declared" ? 0 : 4) + (address === null ? 0 : 2) + (bound === null ? 0 : 1);
    if (score <= most) continue;
    best = socket;
    most = score;
  }
  return best;
}
