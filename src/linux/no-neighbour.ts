import { formatAddress } from "../net/address.ts";
import { DEST_UNREACHABLE, HOST_UNREACHABLE, V6_ADDRESS_UNREACHABLE, V6_DEST_UNREACHABLE } from "../net/icmp.ts";
import { sendIcmpError } from "./icmp.ts";
import { solicitationTime } from "./neighbour-reachability.ts";
import { type HostRuntime, PLAIN_ENDING } from "./runtime.ts";
import type { Skb } from "./skb.ts";

/** Seconds until what waits for a neighbour is given up: all of it at once, when the last solicitation was in vain. */
function timeLeft(runtime: HostRuntime, { route, output, packet }: Skb): number {
  const now = runtime.services.now();
  const key = `${output?.name ?? ""} ${formatAddress(route?.kind === "unicast" ? route.nextHop : packet.dst)}`;
  const known = runtime.awaited.get(key);
  if (known !== undefined && known > now) return known - now;
  const time = solicitationTime(runtime, output?.name ?? "default", packet.dst.family);
  runtime.awaited.set(key, now + time);
  return time;
}

function sayUnreachable(runtime: HostRuntime, skb: Skb): void {
  if (skb.packet.src.family === 6) sendIcmpError(runtime, skb, V6_DEST_UNREACHABLE, V6_ADDRESS_UNREACHABLE, 0);
  else sendIcmpError(runtime, skb, DEST_UNREACHABLE, HOST_UNREACHABLE, 0);
}

/** arp_error_report(): after as many unanswered requests as `mcast_solicit` says the sender is told that the host is unreachable. */
export function noNeighbour(runtime: HostRuntime, skb: Skb): void {
  runtime.services.after(timeLeft(runtime, skb), sayUnreachable, [runtime, skb]);
  const text = "no answer for the next hop's MAC address";
  if (runtime.observer !== null) runtime.observer.step({ kind: "drop", runtime, skb, reason: "NEIGH_FAILED", text });
  runtime.services.end(runtime, skb, { ...PLAIN_ENDING, outcome: "unresolved", reason: "NEIGH_FAILED", text });
}
