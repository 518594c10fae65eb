import type { DropReason } from "../linux/drop-reason.ts";
import type { HookName } from "../linux/netfilter/verdict.ts";
import type { RoutingResult } from "../linux/routing/result.ts";
import type { ConntrackRecord } from "../model/conntrack-record.ts";
import type { FdbEntry } from "../model/neighbour.ts";
import type { Chain, Rule } from "../model/ruleset.ts";
import type { Address, Family } from "../net/address.ts";
import type { Packet } from "../net/packet.ts";
import type { FrameMacs } from "../net/wire/encode-packet.ts";

/** Where in the rules a step stands. */
export interface RulePlace {
  readonly family: Family;
  readonly backend: "legacy" | "nft";
  /** `filter`, or `inet filter` of nft's own. */
  readonly table: string;
  readonly chain: Chain;
  /** The hook that the walk of the chain began at. */
  readonly hook: HookName;
  /** From 1; 0 is the chain's policy. */
  readonly index: number;
  /** Null for a policy. */
  readonly rule: Rule | null;
}

/** One thing that happened to a packet, as it was then. Texts are made by whoever prints it. */
export type TraceStep = { readonly host: string } & (
  | {
      readonly kind: "receive";
      readonly interface: string;
      readonly packet: Packet;
      readonly frame: FrameMacs;
      readonly innerFrame: FrameMacs | null;
    }
  | {
      readonly kind: "rule";
      readonly place: RulePlace;
      readonly verdict: string;
      readonly mark: number;
      readonly matched: boolean;
    }
  | { readonly kind: "policy"; readonly place: RulePlace; readonly verdict: string }
  | { readonly kind: "return"; readonly place: RulePlace }
  | { readonly kind: "conntrack"; readonly state: string; readonly reply: boolean }
  | {
      readonly kind: "nat";
      readonly hook: HookName;
      readonly manip: "DNAT" | "SNAT";
      readonly from: string;
      readonly to: string;
      /** The dumped connection that asks for it; null where a rule did. */
      readonly dumped: ConntrackRecord | null;
    }
  | { readonly kind: "route"; readonly purpose: string; readonly result: RoutingResult; readonly destination: Address }
  | { readonly kind: "neighbour"; readonly address: Address; readonly text: string }
  | {
      readonly kind: "encapsulate" | "decapsulate";
      readonly interface: string;
      readonly packet: Packet;
      readonly entry: FdbEntry | null;
    }
  | {
      readonly kind: "transmit";
      readonly interface: string;
      readonly packet: Packet;
      readonly mac: string;
      readonly frame: FrameMacs;
      readonly innerFrame: FrameMacs | null;
    }
  /** It leaves in pieces of so many bytes, IP header included. */
  | { readonly kind: "fragment"; readonly interface: string; readonly lengths: readonly number[] }
  /** Its fragments are one packet again. */
  | { readonly kind: "reassemble"; readonly packet: Packet; readonly pieces: number }
  | { readonly kind: "deliver"; readonly packet: Packet; readonly text: string }
  | { readonly kind: "drop"; readonly reason: DropReason | null; readonly text: string }
  | { readonly kind: "reject"; readonly text: string }
  | { readonly kind: "choice"; readonly question: string; readonly label: string; readonly probability: number }
);
