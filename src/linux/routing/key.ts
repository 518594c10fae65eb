import type { Address } from "../../net/address.ts";

/** What a route look-up depends on (`struct flowi4`/`flowi6`). Null means "not set". */
export interface RouteKey {
  readonly dst: Address;
  /** Null when the socket has no source yet. */
  readonly src: Address | null;
  /** Name of the incoming interface; null for local output. */
  readonly input: string | null;
  /** Name of the interface it must leave by (bound socket, multicast); null when free. */
  readonly output: string | null;
  /** True when `output` is only preferred: IPv6 without RT6_LOOKUP_F_IFACE. */
  readonly lenient?: boolean;
  /** True for a look-up that is no packet's way (`-m rpfilter`): in IPv6 next hops are picked otherwise. */
  readonly asking?: boolean;
  readonly mark: number;
  readonly tos: number;
  readonly protocol: number;
  readonly sport: number;
  readonly dport: number;
  readonly uid: number;
}
