import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { FuzzedReader } from "./readers.ts";

/** So many bytes may what a reader made of a byte of text need while it is held. */
export const MOST_BYTES = 60;

const SIZE = 100_000;
const MEASUREMENTS = 5;

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/**
 * How many bytes of heap what a reader makes of a text needs for each byte of it; by the difference of two sizes. What the compiler makes in
 * the meantime counts too, and only once: where it is more than allowed it is measured again, and the least counts.
 */
export function heapGrowth(reader: FuzzedReader, unit: string): number {
  const held = (size: number): number => {
    const text = unit.repeat(Math.ceil(size / Math.max(1, unit.length)));
    collect();
    const before = process.memoryUsage().heapUsed;
    const kept = [reader.hold(text)];
    collect();
    const used = process.memoryUsage().heapUsed - before;
    return kept.length === 1 ? used : 0;
  };
  // the first reading makes what later ones only use
  held(SIZE);
  let least = Number.POSITIVE_INFINITY;
  for (let count = 0; count < MEASUREMENTS && least > MOST_BYTES; count++) {
    least = Math.min(least, (held(SIZE) - held(SIZE / 2)) / (SIZE / 2));
  }
  return least;
}
