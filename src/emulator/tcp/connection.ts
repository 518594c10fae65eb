import type { HostRuntime } from "../../linux/runtime.ts";
import type { Address } from "../../net/address.ts";
import type { SegmentContent } from "../../net/packet.ts";
import type { Path } from "./path.ts";
import type { PathNote } from "./path-note.ts";
import type { SendBuffer } from "./send-buffer.ts";

/** States of RFC 9293 section 3.3.2 that a connection of the emulator stays in. */
export type TcpState =
  | "syn-sent"
  | "syn-received"
  | "established"
  | "close-wait"
  | "fin-wait"
  | "fin-wait-2"
  | "last-ack"
  | "closed";

/** What a program hears of its connection. */
export interface TcpEvents {
  connected(): void;
  received(octets: Uint8Array): void;
  /** The connection is gone: errno, or null when the other side has closed it. */
  lost(errno: string | null): void;
}

/** How a program wants its packets. */
export interface TcpOptions {
  readonly ttl: number;
  /** Segments with a smaller TTL are not taken (IP_MINTTL). */
  readonly minTtl: number;
  readonly tos: number;
  /** Segments are signed with it, and taken only when they are (TCP_MD5SIG): a fingerprint, `UNKNOWN_KEY`, or null for none. */
  readonly key: string | null;
  /** SO_BINDTODEVICE. */
  readonly device: string | null;
}

/** A key that nobody told: it is taken for any other. */
export const UNKNOWN_KEY = "";

/** Whether a segment signed with one key is taken where another is expected. */
export function fitsKey(expected: string | null, key: string | null): boolean {
  return expected === key || (expected !== null && key !== null && (expected === UNKNOWN_KEY || key === UNKNOWN_KEY));
}

/** One end of a connection. Sequence numbers count up from 0, the SYN; on the wire they begin at the ISN. */
export interface Connection {
  readonly runtime: HostRuntime;
  readonly local: Address;
  readonly localPort: number;
  readonly remote: Address;
  readonly remotePort: number;
  options: TcpOptions;
  /** `skb->mark` of its packets. */
  mark: number;
  state: TcpState;
  events: TcpEvents | null;
  /** Oldest number that is not acknowledged, and the next to send (SND.UNA, SND.NXT). */
  acknowledged: number;
  next: number;
  /** RCV.NXT, relative to the other side's ISN. */
  expected: number;
  remoteIsn: number;
  /** The most octets of a segment that both sides and the way take, as far as this side knows; none has been told yet: 0xffff. */
  mss: number;
  /** What it was last lowered to by probing (`mtu-probing.ts`); null: it was not. */
  probedMss: number | null;
  /** What was sent and not acknowledged, segment by segment, and the number of its first octet. */
  flight: SegmentContent[];
  flightFrom: number;
  /** Written and not sent: it waits for an acknowledgement. */
  queue: SendBuffer;
  /** The program has let go of it; FIN follows what is queued. */
  closing: boolean;
  finSent: boolean;
  /** The program reads no more; what still comes is lost. */
  paused: boolean;
  unread: boolean;
  /** Retransmissions of the oldest segment so far, and when the next is due; null: nothing is outstanding. */
  retries: number;
  readonly retransmission: { expires: number | null };
  timerRuns: boolean;
  /** When an acknowledgement last answered a segment that was not expected. */
  challenged: number;
  /** What an ICMP error said last: the reason when the connection times out (sk_err_soft). */
  softError: string | null;
  /** The way of segments with PSH, and of those without; null while none is known. */
  dataPath: Path | null;
  ackPath: Path | null;
  /** The latest of its segments whose way was noted. */
  noted: PathNote | null;
}
