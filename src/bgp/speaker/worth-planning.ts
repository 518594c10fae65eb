/** Octets of a segment that tells two or three routes. */
const SHORT = 160;

/**
 * Whether what a segment does is worth working out for all who take the same (`receive-segment.ts`): of a few routes each makes as much in
 * less time than it takes to remember it. What comes of it is the same.
 */
export function isWorthPlanning({ length }: Uint8Array): boolean {
  return length >= SHORT;
}
