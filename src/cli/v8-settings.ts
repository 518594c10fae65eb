import { setFlagsFromString } from "node:v8";

/** Bytes of bytecode that a function runs before V8 looks at it, and again each time: 67,584 unless told. At the first look it gets baseline code. */
const INTERRUPT_BUDGET = 10_000;

/** Looks after which V8 optimizes a function, and one more for so many bytes of its length: 3, and 150, unless told. */
const TICKS = 240;
const BYTES_PER_TICK = 3;

/**
 * Settings for V8 11 (Node.js 20), where a trace or a run walks much code a few times each.
 *
 * Functions are optimized later: as V8 does it by itself a third of the processor goes into TurboFan, half of that into functions that soon
 * show it another shape and are optimized anew. Baseline code, which costs next to nothing to make, they get early: without it a third
 * of the time in which BGP of a mesh settles was V8's interpreter. Beside a greater budget alone, with which baseline code came late as
 * well, BGP of a mesh of 60 nodes settles in four fifths of the time in a fresh process, and the second time too. Less inlining (400 bytes)
 * saves another twentieth of the first time, and costs an eighth of those that follow.
 *
 * What a function's calls find is remembered from its first call on, not after some: the second trace of a cluster of 5,000 nodes takes
 * 15 ms instead of 21. It costs BGP of a mesh 7 %.
 *
 * V8 of later releases has Maglev between the two, needs neither, and refuses some of these with a line on stderr.
 */
export function applyV8Settings(): void {
  if (!process.versions.v8.startsWith("11.")) return;
  setFlagsFromString(`--interrupt-budget=${INTERRUPT_BUDGET}`);
  setFlagsFromString(`--ticks-before-optimization=${TICKS}`);
  setFlagsFromString(`--bytecode-size-allowance-per-tick=${BYTES_PER_TICK}`);
  // those that are short are no exception
  setFlagsFromString("--max-bytecode-size-for-early-opt=0");
  setFlagsFromString("--no-lazy-feedback-allocation");
}
