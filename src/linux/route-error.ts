import { isUnspecified } from "../net/address.ts";
import {
  ADMIN_PROHIBITED,
  DEST_UNREACHABLE,
  HOST_UNREACHABLE,
  NET_UNREACHABLE,
  V6_ADMIN_PROHIBITED,
  V6_DEST_UNREACHABLE,
  V6_NO_ROUTE,
} from "../net/icmp.ts";
import { drop, reject } from "./endings.ts";
import { sendIcmpError } from "./icmp.ts";
import { allowRouteError } from "./icmp-limit.ts";
import type { RoutingResult } from "./routing/result.ts";
import type { HostRuntime } from "./runtime.ts";
import type { Skb } from "./skb.ts";

/** ip_error(): what a forwarded packet without a usable route provokes (kernel.md I1). */
export function unreachable(
  runtime: HostRuntime,
  skb: Skb,
  result: RoutingResult & { kind: "error" },
  forwards: boolean,
): void {
  if (skb.packet.src.family === 6) return unreachable6(runtime, skb, result);
  if (!forwards) {
    return drop(
      runtime,
      skb,
      "IP_INADDRERRORS",
      "PREROUTING",
      `forwarding is off on ${skb.input?.name ?? "the incoming interface"}`,
    );
  }
  if (result.errno === "EINVAL" || result.errno === "ENODEV")
    return drop(runtime, skb, null, "PREROUTING", "blackhole");
  const told = allowRouteError(runtime, skb.packet.src);
  switch (result.errno) {
    case "ENETUNREACH":
      if (told) sendIcmpError(runtime, skb, DEST_UNREACHABLE, NET_UNREACHABLE, 0);
      return reject(runtime, skb, "IP_INNOROUTES", "PREROUTING", "no route to the destination");
    case "EHOSTUNREACH":
      if (told) sendIcmpError(runtime, skb, DEST_UNREACHABLE, HOST_UNREACHABLE, 0);
      return reject(runtime, skb, null, "PREROUTING", "an unreachable route");
    case "EACCES":
      if (told) sendIcmpError(runtime, skb, DEST_UNREACHABLE, ADMIN_PROHIBITED, 0);
      return reject(runtime, skb, null, "PREROUTING", "a prohibit route");
  }
}

/** ip6_pkt_drop(): whether or not the host forwards; an `unreachable` route is no route to whoever asks. */
function unreachable6(runtime: HostRuntime, skb: Skb, { errno, route }: RoutingResult & { kind: "error" }): void {
  if (errno === "EINVAL") return drop(runtime, skb, null, "PREROUTING", "blackhole");
  const code = errno === "EACCES" ? V6_ADMIN_PROHIBITED : V6_NO_ROUTE;
  sendIcmpError(runtime, skb, V6_DEST_UNREACHABLE, code, 0);
  const text = route === null ? "no route to the destination" : `${route.type} route`;
  const reason = isUnspecified(skb.packet.dst) ? "IP_INADDRERRORS" : "IP_INNOROUTES";
  return reject(runtime, skb, reason, "PREROUTING", text);
}
