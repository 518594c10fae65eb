import type { Address } from "../../../net/address.ts";
import { TCP } from "../../../net/protocol.ts";
import { dstMtu } from "../../path-mtu.ts";
import { lookUpRoute } from "../../routing/look-up.ts";
import type { RoutingResult } from "../../routing/result.ts";
import type { HostRuntime } from "../../runtime.ts";
import type { Skb } from "../../skb.ts";
import type { TargetExtension } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, givenValue } from "../option-words.ts";
import { NF_DROP, XT_CONTINUE } from "../verdict.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    /** Bytes, or the path MTU less the headers. */
    readonly TCPMSS: { readonly mss: number | "pmtu" };
  }
}

/** Segment sizes that every host accepts without being asked (RFC 1122, RFC 2460): the most an added option may say. */
const DEFAULT_MSS = { 4: 536, 6: 1220 } as const;
/** IP and TCP header without options, bytes. */
const HEADERS = { 4: 40, 6: 60 } as const;

/**
 * `-j TCPMSS` (net/netfilter/xt_TCPMSS.c tcpmss_mangle_packet): lowers the MSS option, never raises it, and adds it
 * where it is missing and the segment carries no data. A path MTU too small for the headers drops the packet.
 */
export const TCPMSS: TargetExtension<"TCPMSS"> = {
  options: { "set-mss": { values: 1, negatable: false }, "clamp-mss-to-pmtu": { values: 0, negatable: false } },
  parse(given, context) {
    if (context.protocol !== TCP) return { problem: "TCPMSS needs -p tcp" };
    if (given.length !== 1) return { problem: "expected --set-mss bytes or --clamp-mss-to-pmtu" };
    if (givenOption(given, "clamp-mss-to-pmtu") !== undefined) return { value: { mss: "pmtu" } };
    const mss = parseNumber(givenValue(given, "set-mss") ?? "", 0xffff);
    return mss === null ? { problem: "expected --set-mss 0-65535" } : { value: { mss } };
  },
  print: (options) => (options.mss === "pmtu" ? ["--clamp-mss-to-pmtu"] : ["--set-mss", String(options.mss)]),
  compile:
    ({ mss }, _rule, family) =>
    (skb, runtime) => {
      const { packet } = skb;
      if (packet.protocol !== TCP || packet.fragmentOffset > 0) return XT_CONTINUE;
      let wanted: number;
      if (mss === "pmtu") {
        const mtu = Math.min(pathMtu(runtime, skb.route, packet.dst), reverseMtu(runtime, skb));
        if (mtu <= HEADERS[family]) return NF_DROP;
        wanted = mtu - HEADERS[family];
      } else wanted = mss;
      if (packet.mss > 0) packet.mss = Math.min(packet.mss, wanted);
      else if (packet.payloadLength === 0) packet.mss = Math.min(wanted, DEFAULT_MSS[family]);
      return XT_CONTINUE;
    },
};

/** No limit without a route. */
function pathMtu(runtime: HostRuntime, route: RoutingResult | null, destination: Address): number {
  return route === null || route.kind === "error" ? Number.POSITIVE_INFINITY : dstMtu(runtime, route, destination);
}

/** tcpmss_reverse_mtu(): the MTU of the route back to the sender, looked up by its address alone. */
function reverseMtu(runtime: HostRuntime, skb: Skb): number {
  const key = {
    dst: skb.packet.src,
    src: null,
    input: null,
    output: null,
    mark: 0,
    tos: 0,
    protocol: 0,
    sport: 0,
    dport: 0,
    uid: 0,
  };
  return pathMtu(runtime, lookUpRoute(runtime, key), key.dst);
}
