import { ENDLESS } from "../loop-watch.ts";
import { unknownOutcome } from "../netfilter/unknown-outcome.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";

/** Frames around a packet that a machine still had memory for one more of, and those that none had. */
const HAD = 11;
const HAD_NOT = 15;

/** Ends the text about a packet that a tunnel's machines send into the tunnel again and again. */
export const GROWS = "until one more does not fit the link or the memory";

/**
 * What to say about a packet that has become longer by a tunnel's frame at each turn of a loop, once the machine has no memory for another
 * one; null until then. Which that is depends on the machine: the kernel needs twice the memory for each (skb_expand_head()), and what it
 * can have at once differs (the twelfth to the fourteenth failed; docs/lab-notes/below-ip.md).
 */
export function endlessEncapsulation(runtime: HostRuntime, { carried, loop }: Skb): string | null {
  if (loop === null) return null;
  let frames = 0;
  for (let frame = carried; frame !== null; frame = frame.carried) frames++;
  if (frames < HAD || (frames < HAD_NOT && hasMemoryFor(runtime, frames + 1))) return null;
  return `${ENDLESS}: it came to ${loop} again and again, in one more frame each time, ${GROWS}`;
}

function hasMemoryFor(runtime: HostRuntime, frames: number): boolean {
  return unknownOutcome(runtime, {
    code: "frame-memory",
    item: "memory for frames",
    fields: `${frames}`,
    question: `is there memory for a packet in ${frames} frames?`,
    no: "there is none",
    yes: "there is",
  });
}
