import type { Packet } from "../../net/packet.ts";
import { ICMP, ICMPV6, SCTP, TCP, UDP, UDPLITE } from "../../net/protocol.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";
import { frameMac, hasEthernetHeader, LOOPBACK_MAC } from "./frame-mac.ts";
import { NO_NAME, refusesAddress, type SetIndex, type SetQuery } from "./set-index.ts";

/** Which side of the packet each dimension reads: `src`, `dst` in the order of the rule. */
export type SetSides = readonly ("src" | "dst")[];

/** The query in hand; look-ups do not nest. */
export const query: SetQuery = { addresses: [], protocol: 0, port: 0, name: 0, text: "", untold: false, mark: 0 };

/** Reads the packet's side of every dimension; false when it has none (the kernel's -EINVAL), so that it is in no set. */
export function fillQuery(runtime: HostRuntime, index: SetIndex, sides: SetSides, skb: Skb): boolean {
  const { packet } = skb;
  const { dimensions } = index;
  const bitmapPort = index.set.type === "bitmap:port";
  let address = 0;
  query.protocol = 0;
  query.port = 0;
  query.name = 0;
  query.text = "";
  query.untold = false;
  query.mark = 0;
  for (let at = 0; at < dimensions.length; at++) {
    const source = sides[at] === "src";
    switch (dimensions[at]) {
      case "ip":
      case "net": {
        const value = source ? packet.src : packet.dst;
        if (refusesAddress(index, value)) return false;
        query.addresses[address++] = value;
        break;
      }
      case "port":
        if (!hasSetPort(packet, bitmapPort)) return false;
        query.protocol = bitmapPort ? 0 : packet.protocol;
        query.port = setPort(packet, source);
        break;
      case "mac": {
        // The header of a forwarded packet is still there in POSTROUTING.
        const mac = frameMac(skb, source ? "src" : "dst");
        if (mac === "" || mac === LOOPBACK_MAC) return false;
        if (skb.input !== null && !hasEthernetHeader(runtime, skb.input)) return false;
        query.untold = mac === null;
        query.text = mac ?? "";
        query.name = index.names.get(query.text) ?? NO_NAME;
        break;
      }
      case "iface": {
        const device = source ? skb.input : skb.output;
        if (device === null) return false;
        query.text = device.name;
        query.name = index.names.get(device.name) ?? NO_NAME;
        break;
      }
      case "mark":
        query.mark = (skb.mark & index.markMask) | 0;
        break;
    }
  }
  return true;
}

/**
 * Whether ip_set_get_ip4_port()/ip_set_get_ip6_port() find a port (net/netfilter/ipset/ip_set_getport.c): not in
 * further fragments, except in IPv4 for protocols without ports. bitmap:port knows TCP and UDP only.
 */
function hasSetPort(packet: Packet, bitmapPort: boolean): boolean {
  const { protocol } = packet;
  if (protocol <= 0) return false;
  if (bitmapPort && protocol !== TCP && protocol !== UDP) return false;
  if (packet.fragmentOffset === 0) return true;
  if (packet.src.family === 6) return false;
  return !(protocol === TCP || protocol === SCTP || protocol === UDP || protocol === UDPLITE || protocol === ICMP);
}

/** The port, or type and code of ICMP. */
export function setPort(packet: Packet, source: boolean): number {
  switch (packet.protocol) {
    case TCP:
    case SCTP:
    case UDP:
    case UDPLITE:
      return source ? packet.sport : packet.dport;
    case ICMP:
    case ICMPV6:
      return (packet.icmpType << 8) | packet.icmpCode;
    default:
      return 0;
  }
}
