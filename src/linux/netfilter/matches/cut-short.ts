import type { Skb } from "../../skb.ts";

/**
 * skb_header_pointer(): whether `octets` of what the packet carries are there to be read. Where they are not, the match wants the
 * packet dropped (`par->hotdrop`), whatever it was asked and negated or not.
 */
export function isReadable(skb: Skb, octets: number): boolean {
  if (skb.packet.payloadLength >= octets) return true;
  skb.cutShort = true;
  return false;
}
