import { ENDLESS } from "../loop-watch.ts";
import type { Skb } from "../skb.ts";

/** Frames inside each other of which no network is made. */
const MANY = 8;

/** Ends the text about a packet that a tunnel's machines send into the tunnel again and again. */
export const GROWS = "until one more does not fit the link or the memory";

/**
 * What to say about a packet that has become longer by a tunnel's frame at each turn of a loop; null for others. Which of them is the last
 * is not told: the kernel needs twice the memory for each (skb_expand_head()), and what it can have at once depends on the machine (the
 * twelfth to the fourteenth failed; docs/lab-notes/below-ip.md).
 */
export function endlessEncapsulation({ carried, loop }: Skb): string | null {
  if (loop === null) return null;
  let frames = 0;
  for (let frame = carried; frame !== null; frame = frame.carried) frames++;
  return frames < MANY ? null : `${ENDLESS}: it came to ${loop} again and again, in one more frame each time, ${GROWS}`;
}
