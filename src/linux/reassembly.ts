import { copyPacket, headerLength, type Packet, packetLength } from "../net/packet.ts";
import { ICMP } from "../net/protocol.ts";
import type { DropReason } from "./drop-reason.ts";
import type { Reassembled } from "./fragment.ts";
import { EMPTY_QUEUE, type FragmentPool, hasRoomFor, holdMemory, poolOf, releaseMemory } from "./fragment-memory.ts";
import { type Memory, memoryOf } from "./packet-memory.ts";
import type { HostRuntime } from "./runtime.ts";
import type { Skb } from "./skb.ts";

/** `ip_defrag_users`: fragments of different askers never meet. */
export type DefragUser = "local-deliver" | "conntrack-in" | "conntrack-out" | "bridge-in";

interface Piece {
  readonly skb: Skb;
  readonly start: number;
  /** Exclusive; rounded down to eight bytes where more follow. */
  readonly end: number;
}

/** Fragments that came one behind the other (a run of inet_frag_queue_insert). */
interface Run {
  readonly pieces: Piece[];
  start: number;
  end: number;
}

/** `struct ipq`: what has come of one datagram. */
export interface FragmentQueue {
  readonly key: string;
  runs: Run[];
  /** End of the datagram as far as known. */
  length: number;
  lastIn: boolean;
  /** Bytes that are there. */
  meat: number;
  maxSize: number;
  maxDfSize: number;
  /** What the fragments that are there take, with the queue itself. */
  memory: Memory;
  readonly pool: FragmentPool;
  /** One bit for each ECN codepoint seen. */
  ecn: number;
  /** The time to wait is over, or the queue is complete or void. */
  done: boolean;
}

/** What became of a fragment. `opened`: the queue that began with it, from which on its time runs. */
export type Gathered =
  | { readonly kind: "kept"; readonly opened: FragmentQueue | null }
  | { readonly kind: "whole"; readonly packet: Packet; readonly reassembled: Reassembled; readonly first: Skb }
  /** `unaligned`: a fragment before the last one that does not end at eight bytes, in IPv6. */
  | {
      readonly kind: "dropped";
      readonly reason: DropReason | null;
      readonly text: string;
      readonly unaligned: boolean;
      readonly opened: FragmentQueue | null;
    };

/**
 * ip_frag_queue() (net/ipv4/ip_fragment.c), ip6_frag_queue() (net/ipv6/reassembly.c), nf_ct_frag6_queue()
 * (net/ipv6/netfilter/nf_conntrack_reasm.c): puts a fragment to the others of its datagram. Overlaps void the whole queue,
 * as RFC 5722 wants it.
 */
export function gather(runtime: HostRuntime, skb: Skb, user: DefragUser): Gathered {
  const { packet } = skb;
  const { src, dst } = packet;
  // Without an identification it is told apart by who sent it.
  const id = packet.id === 0 ? `journey ${skb.journey}` : packet.id;
  const protocol = src.family === 4 ? packet.protocol : 0;
  const key = `${user} ${id} ${protocol} ${src.a}.${src.b}.${src.c}.${src.d} ${dst.a}.${dst.b}.${dst.c}.${dst.d}`;
  const pool = poolOf(src.family, user);
  if (!hasRoomFor(runtime, pool)) {
    const reason = pool === "tracked6" ? "NETFILTER_DROP" : null;
    const text = "the fragments that wait leave it no memory";
    return { kind: "dropped", reason, text, unaligned: false, opened: null };
  }
  const known = runtime.fragments.get(key);
  const queue = known ?? emptyQueue(runtime, key, pool);
  if (known === undefined) runtime.fragments.set(key, queue);
  const opened = known === undefined ? queue : null;
  const fault = put(queue, skb);
  if (fault !== null) {
    const { kind, text } = fault;
    const tracked = src.family === 6 && user !== "local-deliver";
    const lives =
      kind === "duplicate" || (kind === "unaligned" && user === "local-deliver") || (kind === "misfit" && tracked);
    if (!lives) forget(runtime, queue);
    const refused = tracked && (kind === "overlap" || kind === "misfit");
    const reason = kind === "duplicate" ? "DUP_FRAG" : refused ? "NETFILTER_DROP" : null;
    return { kind: "dropped", reason, text, unaligned: kind === "unaligned", opened: lives ? opened : null };
  }
  holdMemory(runtime, queue, memoryOf(skb));
  if (!queue.lastIn || queue.runs[0]?.start !== 0 || queue.meat !== queue.length) {
    return { kind: "kept", opened };
  }
  forget(runtime, queue);
  return reassemble(queue, user);
}

/** Ends a queue: later fragments of that datagram start a new one. */
export function forget(runtime: HostRuntime, queue: FragmentQueue): void {
  if (!queue.done) releaseMemory(runtime, queue);
  queue.done = true;
  runtime.fragments.delete(queue.key);
}

/** The fragment that stands first, which an error about the datagram quotes; null while it has not come. */
export function firstFragment(queue: FragmentQueue): Skb | null {
  const [run] = queue.runs;
  return run?.start === 0 ? (run.pieces[0]?.skb ?? null) : null;
}

function emptyQueue(runtime: HostRuntime, key: string, pool: FragmentPool): FragmentQueue {
  const queue: FragmentQueue = {
    key,
    runs: [],
    length: 0,
    lastIn: false,
    meat: 0,
    maxSize: 0,
    maxDfSize: 0,
    memory: { least: 0, most: 0 },
    pool,
    ecn: 0,
    done: false,
  };
  holdMemory(runtime, queue, EMPTY_QUEUE);
  return queue;
}

/** `misfit`: its end is not the datagram's; connection tracking of IPv6 goes on without it, where others give the datagram up. */
interface Fault {
  readonly kind: "duplicate" | "overlap" | "misfit" | "unaligned";
  readonly text: string;
}

function put(queue: FragmentQueue, skb: Skb): Fault | null {
  const { packet } = skb;
  const header = headerLength(packet);
  const start = packet.fragmentOffset;
  let end = start + packetLength(packet) - header;
  if (packet.moreFragments) {
    if (packet.src.family === 6 && (end & 7) !== 0) {
      return { kind: "unaligned", text: "a fragment before the last one that does not end at eight bytes" };
    }
    end &= ~7;
    if (end > queue.length) {
      if (queue.lastIn) return { kind: "misfit", text: "a fragment behind the last one" };
      queue.length = end;
    }
  } else {
    if (end < queue.length || (queue.lastIn && end !== queue.length)) {
      return { kind: "misfit", text: "two ends of one datagram" };
    }
    queue.lastIn = true;
    queue.length = end;
  }
  if (end === start) return { kind: "misfit", text: "an empty fragment" };
  const fault = insert(queue, { skb, start, end });
  if (fault !== null) return fault;
  const size = end - start + header;
  queue.meat += end - start;
  queue.maxSize = Math.max(queue.maxSize, size);
  if (packet.df) queue.maxDfSize = Math.max(queue.maxDfSize, size);
  queue.ecn |= 1 << (packet.tos & 3);
  return null;
}

/** inet_frag_queue_insert(). */
function insert({ runs }: FragmentQueue, piece: Piece): Fault | null {
  const last = runs.at(-1);
  const { start, end } = piece;
  if (last === undefined || last.end < end) {
    if (last !== undefined && start < last.end) return { kind: "overlap", text: "fragments overlap" };
    if (last !== undefined && start === last.end) {
      last.pieces.push(piece);
      last.end = end;
    } else runs.push({ pieces: [piece], start, end });
    return null;
  }
  const at = runs.findIndex((run) => start < run.end);
  const run = runs[at];
  if (run !== undefined && end > run.start) {
    return start >= run.start && end <= run.end
      ? { kind: "duplicate", text: "this fragment has come before" }
      : { kind: "overlap", text: "fragments overlap" };
  }
  runs.splice(at < 0 ? runs.length : at, 0, { pieces: [piece], start, end });
  return null;
}

/** ip_frag_ecn_table[] by the bits of the codepoints seen (0 not-ECT, 1 ECT(1), 2 ECT(0), 3 CE); null: nobody sends that. */
function ecnOf(seen: number): number | null {
  const notCapable = (seen & 1) !== 0;
  if (notCapable && seen !== 1) return null;
  return (seen & 8) !== 0 && seen !== 8 ? 3 : 0;
}

/** Bytes before what an ICMP error quotes. */
const ICMP_HEADER = 8;

/** ip_frag_reasm(): the datagram, with the first fragment's header. */
function reassemble(queue: FragmentQueue, user: DefragUser): Gathered {
  const pieces = queue.runs.flatMap((run) => run.pieces);
  const [first] = pieces;
  const ecn = ecnOf(queue.ecn);
  const six = first?.skb.packet.src.family === 6;
  const reason = six && user !== "local-deliver" ? "NETFILTER_DROP" : null;
  const failed = (text: string): Gathered => ({ kind: "dropped", reason, text, unaligned: false, opened: null });
  if (first === undefined || ecn === null) return failed("its fragments disagree about ECN");
  if (queue.length + (six ? 0 : 20) > 0xffff) return failed("longer than any datagram may be");
  const packet = copyPacket(first.skb.packet);
  const quotes = packet.inner !== null && packet.vni < 0;
  const header = headerLength(packet);
  packet.payloadLength = quotes ? 0 : queue.length - (packetLength(packet) - header - packet.payloadLength);
  packet.moreFragments = false;
  // An error that had less room than 576 bytes quotes as much as has come.
  if (quotes && packet.protocol === ICMP && header + queue.length < packetLength(packet)) {
    packet.payloadLength = queue.length - ICMP_HEADER;
  }
  packet.tos |= ecn;
  packet.df = packet.src.family === 4 && queue.maxDfSize === queue.maxSize;
  return {
    kind: "whole",
    packet,
    reassembled: {
      maxSize: Math.max(queue.maxSize, queue.maxDfSize),
      sizes: pieces.map(({ start, end }) => end - start),
      df: packet.df,
    },
    first: first.skb,
  };
}
