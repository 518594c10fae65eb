import { extensionNumber, type Ipv6Extension } from "../../net/ipv6-extension.ts";
import type { Packet } from "../../net/packet.ts";
import { AH, ESP } from "../../net/protocol.ts";

/** The port of a packet that has an SPI in its place, which podpath's packets do not tell. */
export const OF_UNKNOWN_SPI = -1;

/** What policy rules select an arriving packet by, beside its addresses. */
interface Dissected {
  readonly protocol: number;
  readonly sport: number;
  readonly dport: number;
}

/**
 * fib_rules_early_flow_dissect() and __skb_flow_dissect() (net/core/flow_dissector.c): an authentication header is a protocol
 * of its own; its SPI, and that of ESP, are taken for ports (proto_ports_offset()); a fragment, the first too, has none.
 */
export function dissect(packet: Packet): Dissected {
  const { protocol, extensions, fragmentOffset, moreFragments } = packet;
  const found = extensions === null ? null : dissectExtensions(extensions, protocol);
  if (found !== null) return found;
  const isFragment = fragmentOffset > 0 || moreFragments;
  if (isFragment) return { protocol, sport: 0, dport: 0 };
  if (protocol === ESP || protocol === AH) return { protocol, sport: OF_UNKNOWN_SPI, dport: OF_UNKNOWN_SPI };
  return packet;
}

function dissectExtensions(extensions: readonly Ipv6Extension[], protocol: number): Dissected | null {
  for (const [index, extension] of extensions.entries()) {
    if (extension.header === "authentication") {
      return { protocol: AH, sport: extension.spi >>> 16, dport: extension.spi & 0xffff };
    }
    if (extension.header === "fragment") {
      const next = extensions[index + 1];
      return { protocol: next === undefined ? protocol : extensionNumber(next), sport: 0, dport: 0 };
    }
  }
  return null;
}
