import { formatAddress } from "../../../net/address.ts";
import type { MatchExtension } from "../extension.ts";
import { carriesBarePackets, comesFrom, frameMac, hasEthernetHeader, LOOPBACK_MAC } from "../frame-mac.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly eui64: Readonly<Record<string, never>>;
  }
}

/** The two low words of the address that a MAC address makes (RFC 4291, appendix A), or null. */
function interfaceId(mac: string): { readonly high: number; readonly low: number } | null {
  const bytes = mac.split(":").map((part) => Number.parseInt(part, 16));
  const [a, b, c, d, e, f] = bytes;
  if (a === undefined || b === undefined || c === undefined || d === undefined) return null;
  if (e === undefined || f === undefined) return null;
  return {
    high: (((a ^ 2) << 24) | (b << 16) | (c << 8) | 0xff) >>> 0,
    low: ((0xfe << 24) | (d << 16) | (e << 8) | f) >>> 0,
  };
}

/**
 * `-m eui64` (net/ipv6/netfilter/ip6t_eui64.c): the source address was made of the frame's source MAC address. What comes in
 * by a device of another kind does not match, `lo` included. A host's own copy of what it sends to many has no header though its device's
 * frames have one: it is dropped (observed on Linux 6.18).
 */
export const eui64: MatchExtension<"eui64"> = {
  options: {},
  parse: (_given, { family }) => (family === 6 ? { value: {} } : { problem: "eui64 is a match of IPv6" }),
  print: () => [],
  compile: () => ({
    kind: "call",
    test(skb, runtime) {
      const { input } = skb;
      if (input === null || carriesBarePackets(input, skb.sourceMac)) return false;
      if (skb.loopedBack) {
        skb.cutShort = hasEthernetHeader(runtime, input);
        return false;
      }
      const { c, d } = skb.packet.src;
      // ff:fe in the middle is what every such address has.
      if ((c & 0xff) !== 0xff || d >>> 24 !== 0xfe) return false;
      const sender = frameMac(skb, "src");
      if (sender === "" || sender === LOOPBACK_MAC || !hasEthernetHeader(runtime, input)) return false;
      if (sender === null) return comesFrom(runtime, skb, `the one that ${formatAddress(skb.packet.src)} was made of`);
      const id = interfaceId(sender);
      return id !== null && c >>> 0 === id.high && d >>> 0 === id.low;
    },
  }),
};
