import type { Interface } from "../model/interface.ts";
import type { HostRuntime } from "./runtime.ts";
import type { Skb } from "./skb.ts";

/** Begins the text of such an end. */
export const ENDLESS = "a loop that no TTL ends";

/** Ends the text where NAT draws another port at each turn: such a loop ends when no port is left to draw. */
export const USES_UP_PORTS = "each time with another port that NAT drew, until none is left";

/** More hops than any TTL allows: a loop that no TTL ends. */
const HOP_LIMIT = 1000;

/**
 * Counts a packet's arrival at a device, and remembers the first place that it came to again (`skb.loop`). Once the packet goes round without
 * end, which no kernel would notice, returns what to say about it; null until then.
 */
export function endlessLoop(runtime: HostRuntime, device: Interface, skb: Skb): string | null {
  skb.hops++;
  const draws = runtime.services.freeValues.domains.length;
  // Brent's way to find a cycle: compare with one place of the past, which is renewed at each power of two.
  if (device === skb.landmark) skb.loop ??= `${runtime.host.name} ${device.name}`;
  else if ((skb.hops & (skb.hops - 1)) === 0) {
    skb.landmark = device;
    skb.drawsAtLandmark = draws;
  }
  if (skb.hops <= HOP_LIMIT) return null;
  const place = skb.loop ?? `${runtime.host.name} ${device.name}`;
  const usesUp = draws > skb.drawsAtLandmark ? `, ${USES_UP_PORTS}` : "";
  return `${ENDLESS}: it came to ${place} again and again${usesUp}`;
}
