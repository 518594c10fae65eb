import { setFlagsFromString } from "node:v8";

/** Bytes of bytecode that a function runs before V8 optimizes it: 135,168 unless told. */
const INTERRUPT_BUDGET = 600_000;

/**
 * Has V8 11 (Node.js 20) optimize functions later. A trace or a run walks much code a few thousand times: with V8's own budget a third of
 * the processor goes into TurboFan, half of that into functions that soon show it another shape and are optimized anew. Four times the
 * budget lets BGP of 500 nodes settle in three quarters of the time, and a cold trace take seven eighths. V8 of Node.js 22 and later has
 * Maglev between the two, and refuses the flag with a line on stderr.
 */
export function optimizeLater(): void {
  if (process.versions.v8.startsWith("11.")) setFlagsFromString(`--interrupt-budget=${INTERRUPT_BUDGET}`);
}
