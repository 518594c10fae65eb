import { drop } from "../linux/endings.ts";
import type { HostRuntime } from "../linux/runtime.ts";
import type { Skb } from "../linux/skb.ts";
import type { Journey } from "./journey.ts";

/** More packets than any probe provokes: an exchange that never ends, which is cut here and said. */
const PACKETS = 10_000;

const TEXT = `after ${PACKETS} packets: the exchange never ends`;

/** Drops a packet that is one too many of an exchange; false, and nothing done, where the exchange may go on. */
export function cutsExchange(runtime: HostRuntime, frame: Skb, { id }: Journey): boolean {
  if (id < PACKETS) return false;
  drop(runtime, frame, null, null, TEXT);
  return true;
}

/** Whether the exchange was cut with this packet. */
export function endsExchange({ end }: Journey): boolean {
  return end?.ending.text === TEXT;
}
