import { packetLength } from "../net/packet.ts";
import type { Skb } from "./skb.ts";

/** Bytes of memory (`skb->truesize`), which packets of one length take more or less of by where they come from. */
export interface Memory {
  readonly least: number;
  readonly most: number;
}

/** struct sk_buff and skb_shared_info, which every packet has. */
const OVERHEAD = 576;
/** What the smallest takes that a program or the kernel itself sends: of Linux before 6.3, and since. */
const SMALLEST = 768;
const SMALL = 832;
/** Room for headers of devices before the packet. */
const HEADERS = 128;
/** A page, in which a card puts a packet however short it is. */
const PAGE = 4096;

/**
 * What a packet may take (SKB_TRUESIZE(), measured for packets of programs, forwarded by veth too: test/kernel/facts/neighbour-queue.test.ts).
 * Of one that a card received its driver decides.
 */
export function memoryOf({ packet, input }: Skb): Memory {
  const length = packetLength(packet);
  const sent =
    length + HEADERS <= SMALL - OVERHEAD
      ? SMALL
      : Math.max(SMALL + length, 256 + 2 ** Math.ceil(Math.log2(length + HEADERS + 320)));
  if (input === null || input.kind === "veth") return { least: Math.max(SMALLEST, OVERHEAD + length), most: sent };
  return { least: OVERHEAD + length, most: Math.max(sent, 256 + PAGE + 2 * length) };
}
