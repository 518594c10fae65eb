import type { Address } from "../net/address.ts";
import type { Prefix } from "../net/prefix.ts";
import type { Origin } from "./origin.ts";

/** Who a WireGuard device talks to. */
export interface WireguardPeer {
  readonly publicKey: string;
  /** Null: not configured, and not heard from. */
  readonly endpoint: { readonly address: Address; readonly port: number } | null;
  /** What is sent to this peer, and what it may send. */
  readonly allowed: readonly Prefix[];
  readonly origin: Origin;
}

/** What `wg show` says of a WireGuard device. */
export interface WireguardDevice {
  /** Null: hidden from who asked. */
  readonly publicKey: string | null;
  /** UDP port; 0: none yet. */
  readonly port: number;
  /** Mark of what it sends (`fwmark`); 0: none. */
  readonly mark: number;
  readonly peers: readonly WireguardPeer[];
}
