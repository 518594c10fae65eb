import { formatAddress } from "../net/address.ts";
import { DEST_UNREACHABLE, HOST_UNREACHABLE, V6_ADDRESS_UNREACHABLE, V6_DEST_UNREACHABLE } from "../net/icmp.ts";
import { sendIcmpError } from "./icmp.ts";
import { type HostRuntime, PLAIN_ENDING } from "./runtime.ts";
import type { Skb } from "./skb.ts";

/** Seconds until the kernel gives up on a neighbour: three solicitations, one second apart. */
const NEIGHBOUR_TIMEOUT = 3;

/** Seconds until what waits for a neighbour is given up: all of it at once, three seconds after the first packet came. */
function timeLeft(runtime: HostRuntime, { route, output, packet }: Skb): number {
  const now = runtime.services.now();
  const key = `${output?.name ?? ""} ${formatAddress(route?.kind === "unicast" ? route.nextHop : packet.dst)}`;
  const known = runtime.awaited.get(key);
  if (known !== undefined && known > now) return known - now;
  runtime.awaited.set(key, now + NEIGHBOUR_TIMEOUT);
  return NEIGHBOUR_TIMEOUT;
}

function sayUnreachable(runtime: HostRuntime, skb: Skb): void {
  if (skb.packet.src.family === 6) sendIcmpError(runtime, skb, V6_DEST_UNREACHABLE, V6_ADDRESS_UNREACHABLE, 0);
  else sendIcmpError(runtime, skb, DEST_UNREACHABLE, HOST_UNREACHABLE, 0);
}

/** arp_error_report(): after three unanswered requests the sender is told that the host is unreachable. */
export function noNeighbour(runtime: HostRuntime, skb: Skb): void {
  runtime.services.after(timeLeft(runtime, skb), sayUnreachable, [runtime, skb]);
  const text = "no answer for the next hop's MAC address";
  if (runtime.observer !== null) runtime.observer.step({ kind: "drop", runtime, skb, reason: "NEIGH_FAILED", text });
  runtime.services.end(runtime, skb, { ...PLAIN_ENDING, outcome: "unresolved", reason: "NEIGH_FAILED", text });
}
