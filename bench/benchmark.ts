/** One benchmark: `npm run bench NAME` runs it. */
export interface Benchmark {
  readonly name: string;
  run(): Promise<void>;
}

export function say(line = ""): void {
  process.stdout.write(`${line}\n`);
}

/** Prints rows under their heads: the first column to the left, numbers to the right. */
export function sayTable(heads: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => (row[column] ?? "").length)));
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, column) =>
        column === 0 ? (cells[column] ?? "").padEnd(width) : (cells[column] ?? "").padStart(width),
      )
      .join("  ");
  say(`  ${line(heads)}`);
  for (const row of rows) say(`  ${line(row)}`);
}

/** Three significant digits: `1,230,000`, `12.3`, `0.0123`. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return "-";
  return Number(value.toPrecision(3)).toLocaleString("en-US", { maximumSignificantDigits: 3 });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y);
  const upper = sorted[sorted.length >> 1] ?? Number.NaN;
  const lower = sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

/** Items done between two looks at the clock. */
export const CHUNK = 256;

/** Milliseconds of processor time that a measurement takes after as many for warming up. */
export const BUDGET = 1200;

/**
 * Milliseconds of processor time that this process has used, its compiler and garbage collector included: unlike the
 * clock on the wall it does not run while another program has the core.
 */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * Items per second of processor time. `chunk` does CHUNK items from the given index; the index goes round `count`,
 * which is a multiple of CHUNK.
 */
export function ratePerSecond(count: number, chunk: (from: number) => void, budget = BUDGET): number {
  let from = 0;
  const runFor = (milliseconds: number): number => {
    const start = cpuTime();
    for (let done = 0; ; ) {
      chunk(from);
      from = (from + CHUNK) % count;
      done += CHUNK;
      const spent = cpuTime() - start;
      if (spent >= milliseconds) return (done / spent) * 1000;
    }
  };
  runFor(budget);
  globalThis.gc?.();
  return runFor(budget);
}

/** Whole numbers below `limit`, the same ones every time (mulberry32). */
export function randomNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000) * limit);
  };
}
