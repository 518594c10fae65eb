import type { FdbEntry } from "../model/neighbour.ts";
import type { Address } from "../net/address.ts";
import type { Packet } from "../net/packet.ts";
import type { Choice } from "./chooser.ts";
import type { DropReason } from "./drop-reason.ts";
import type { BoundChain } from "./netfilter/table-image.ts";
import type { Hook, HookName, TargetVerdict, Verdict } from "./netfilter/verdict.ts";
import type { RoutingResult } from "./routing/result.ts";
import type { HostRuntime } from "./runtime.ts";
import type { Skb } from "./skb.ts";

/**
 * What the pipeline says while somebody listens. Steps hold references to the living packet and model: an observer
 * that keeps anything copies it at once.
 */
export type EngineStep =
  | { readonly kind: "receive"; readonly runtime: HostRuntime; readonly skb: Skb }
  | {
      readonly kind: "rule";
      readonly runtime: HostRuntime;
      readonly skb: Skb;
      readonly chain: BoundChain;
      readonly hook: Hook;
      /** From 0. */
      readonly rule: number;
      readonly verdict: TargetVerdict;
    }
  | {
      readonly kind: "policy";
      readonly runtime: HostRuntime;
      readonly skb: Skb;
      readonly chain: BoundChain;
      readonly hook: Hook;
      readonly verdict: Verdict;
    }
  | {
      readonly kind: "return";
      readonly runtime: HostRuntime;
      readonly skb: Skb;
      readonly chain: BoundChain;
      readonly hook: Hook;
    }
  | { readonly kind: "conntrack"; readonly runtime: HostRuntime; readonly skb: Skb; readonly text: string }
  | {
      readonly kind: "nat";
      readonly runtime: HostRuntime;
      readonly skb: Skb;
      readonly hook: HookName;
      /** `DNAT` or `SNAT`: which side was rewritten. */
      readonly manip: "DNAT" | "SNAT";
      readonly from: string;
      readonly to: string;
    }
  | {
      readonly kind: "route";
      readonly runtime: HostRuntime;
      readonly skb: Skb;
      readonly result: RoutingResult;
      readonly purpose: string;
    }
  | {
      readonly kind: "neighbour";
      readonly runtime: HostRuntime;
      readonly skb: Skb;
      readonly address: Address;
      readonly text: string;
    }
  | {
      readonly kind: "encapsulate" | "decapsulate";
      readonly runtime: HostRuntime;
      readonly skb: Skb;
      readonly device: string;
      readonly entry: FdbEntry | null;
    }
  | { readonly kind: "transmit"; readonly runtime: HostRuntime; readonly skb: Skb }
  | { readonly kind: "fragment"; readonly runtime: HostRuntime; readonly skb: Skb; readonly pieces: readonly Packet[] }
  | { readonly kind: "reassemble"; readonly runtime: HostRuntime; readonly skb: Skb; readonly pieces: number }
  | { readonly kind: "deliver"; readonly runtime: HostRuntime; readonly skb: Skb; readonly text: string }
  | {
      readonly kind: "drop";
      readonly runtime: HostRuntime;
      readonly skb: Skb;
      readonly reason: DropReason | null;
      readonly text: string;
    }
  | { readonly kind: "reject"; readonly runtime: HostRuntime; readonly skb: Skb; readonly text: string }
  | {
      readonly kind: "icmp";
      readonly runtime: HostRuntime;
      readonly skb: Skb;
      readonly packet: Packet | null;
      readonly text: string;
    }
  | {
      readonly kind: "choice";
      readonly runtime: HostRuntime | null;
      readonly skb: Skb | null;
      readonly choice: Choice;
      readonly taken: number;
    };

export interface Observer {
  step(step: EngineStep): void;
  /** Called for each rule that was tried and did not match; leave undefined not to pay for it. */
  evaluated?(skb: Skb, runtime: HostRuntime, chain: BoundChain, rule: number): void;
}
