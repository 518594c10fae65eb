import type { Interface } from "../model/interface.ts";
import type { HostRuntime } from "./runtime.ts";
import type { Skb } from "./skb.ts";

/** Begins the text of such an end. */
export const ENDLESS = "a loop that no TTL ends";

/** More hops than any TTL allows: a loop that no TTL ends. */
const HOP_LIMIT = 1000;

/**
 * Counts a packet's arrival at a device, and remembers the first place that it came to again (`skb.loop`). Returns that place
 * once the packet goes round without end, which no kernel would notice; null until then.
 */
export function endlessLoop(runtime: HostRuntime, device: Interface, skb: Skb): string | null {
  skb.hops++;
  // Brent's way to find a cycle: compare with one place of the past, which is renewed at each power of two.
  if (device === skb.landmark) skb.loop ??= `${runtime.host.name} ${device.name}`;
  else if ((skb.hops & (skb.hops - 1)) === 0) skb.landmark = device;
  return skb.hops > HOP_LIMIT ? (skb.loop ?? `${runtime.host.name} ${device.name}`) : null;
}
