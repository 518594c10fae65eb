import type { Skb } from "./skb.ts";

/**
 * What the verdicts on one packet rested on, noted while somebody wants to take them for later packets of its connection too
 * (emulator/tcp/path.ts).
 */
export interface WalkRecord {
  /** The packet, from the host that sends it to the one that receives it. */
  readonly skb: Skb;
  /** Something was asked whose answer may be another one for the next packet: a limit, a length, a draw, the time. */
  volatile: boolean;
  /** A rule looked at the flags of TCP: verdicts are for packets with the same ones. */
  usesFlags: boolean;
}

/** The record of the packet in hand; null nearly always. */
export const recording: { current: WalkRecord | null } = { current: null };

/** What was asked just now may be answered otherwise for the next packet. */
export function noteVolatile(): void {
  if (recording.current !== null) recording.current.volatile = true;
}
