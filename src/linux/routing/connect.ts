import type { Address } from "../../net/address.ts";
import { TCP } from "../../net/protocol.ts";
import { isFree } from "../free-value.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";
import { routeOutputKey, sourceFor } from "./output.ts";
import type { RoutingResult } from "./result.ts";

/** What a connecting socket's first look-up gave: the source it is bound to from then on, or why it fails. */
export interface ConnectSource {
  readonly source: Address | null;
  readonly failure: (RoutingResult & { readonly kind: "error" }) | null;
}

/**
 * The first of the two look-ups of connect() (ip_route_connect(), include/net/route.h): the one that chooses the source
 * address, which the second one, for the route itself, then has. TCP draws its port in between, UDP before both
 * (inet_hash_connect, inet_autobind).
 */
export function connectSource(runtime: HostRuntime, skb: Skb, bound: Address | null): ConnectSource {
  const { packet } = skb;
  const unbound = packet.protocol === TCP && isFree(packet.sport);
  const result = routeOutputKey(
    runtime,
    {
      dst: packet.dst,
      src: bound,
      input: null,
      output: skb.boundInterface,
      mark: skb.mark,
      tos: packet.tos & 0xfc,
      protocol: packet.protocol,
      sport: unbound ? 0 : packet.sport,
      dport: packet.dport,
      uid: skb.owner?.uid ?? 0,
    },
    false,
  );
  if (result.kind === "error") return { source: bound, failure: result };
  return { source: bound ?? sourceFor(runtime, result, packet.dst), failure: null };
}
