import type { Journey } from "../../../src/emulator/journey.ts";
import type { Run } from "../../../src/trace/result.ts";

/**
 * Whose packet a journey is: its own, or that of which TEE made the copy. The oracle knows packets by what a copy shares
 * with its original.
 */
export function originalOf(journey: Journey, { journeys }: Run): Journey {
  let root = journey;
  while (root.kind === "copy") {
    const cause = journeys[root.cause];
    if (cause === undefined) return root;
    root = cause;
  }
  return root;
}

/** Whether TEE copied the packet, or what was sent because of it. */
export function hasCopies({ journeys, first }: Run): boolean {
  return journeys.slice(first).some(({ kind }) => kind === "copy");
}
