import { mutated } from "./mutate.ts";
import { random } from "./random.ts";
import { FILE, type FuzzedReader, READERS } from "./readers.ts";
import type { Sample } from "./samples.ts";

export interface FuzzFailure {
  readonly reader: string;
  readonly why: string;
  readonly text: string;
}

export interface FuzzFigures {
  readonly inputs: number;
  readonly bytes: number;
  readonly findings: number;
  readonly failures: readonly FuzzFailure[];
  /** The most time that a reader took for one input, in milliseconds, and which. */
  readonly slowest: { readonly reader: string; readonly milliseconds: number };
}

const CODE = /^[a-z]+(?:-[a-z0-9]+)*$/;
/** So many milliseconds of the processor, and one for each kilobyte, may one input take; one that others disturbed is tried again. */
const ALLOWED = 400;
const ENOUGH = 20;

/** Texts made from samples, each given to a reader: nothing throws, hangs, or cites a line that is not there. */
export function fuzzReaders(
  all: readonly Sample[],
  options: { readonly inputs: number; readonly seed: number; readonly say?: (line: string) => void },
): FuzzFigures {
  const rng = random(options.seed);
  const failures: FuzzFailure[] = [];
  const pools = READERS.map((reader) => ({ reader, own: poolOf(reader, all) }));
  const everything = all.map(({ text }) => text);
  let bytes = 0;
  let findings = 0;
  let slowest = { reader: "", milliseconds: 0 };
  let next = Math.max(1, Math.floor(options.inputs / 10));
  for (let count = 0; count < options.inputs && failures.length < ENOUGH; count++) {
    const pool = pools[count % pools.length];
    if (pool === undefined) break;
    // mostly the tool's own words, now and then those of others
    const text = mutated(rng.below(5) === 0 ? everything : pool.own, rng);
    const result = tried(pool.reader, text);
    bytes += text.length;
    findings += result.findings;
    if (result.why !== null) {
      failures.push({ reader: pool.reader.name, why: result.why, text });
      options.say?.(`${pool.reader.name}: ${result.why}`);
    }
    if (result.milliseconds > slowest.milliseconds)
      slowest = { reader: pool.reader.name, milliseconds: result.milliseconds };
    if (count + 1 >= next) {
      options.say?.(`${count + 1} inputs, ${failures.length} failures`);
      next += Math.max(1, Math.floor(options.inputs / 10));
    }
  }
  return { inputs: options.inputs, bytes, findings, failures, slowest };
}

function poolOf(reader: FuzzedReader, all: readonly Sample[]): readonly string[] {
  const own = all.filter(({ path }) => reader.samples.test(path)).map(({ text }) => text);
  return own.length > 0 ? own : all.map(({ text }) => text);
}

/** What is wrong with a reader's answer to a text; null when nothing is. */
export function tried(
  reader: FuzzedReader,
  text: string,
): { readonly why: string | null; readonly findings: number; readonly milliseconds: number } {
  const allowed = ALLOWED + text.length / 1000;
  let milliseconds = Number.POSITIVE_INFINITY;
  let count = 0;
  for (let attempt = 0; attempt < 3 && milliseconds > allowed; attempt++) {
    const started = process.cpuUsage();
    try {
      const found = reader.read(text);
      milliseconds = Math.min(milliseconds, process.cpuUsage(started).user / 1000);
      count = found.length;
      // YAML and JSON know more ends of lines than dumps have
      const lines = text.split(/\r\n|[\n\r\u0085\u2028\u2029]/).length;
      for (const { code, line, message, file } of found) {
        if (!CODE.test(code)) return { why: `the code “${code}”`, findings: count, milliseconds };
        if (message === "") return { why: `${code} says nothing`, findings: count, milliseconds };
        if (file === FILE && line !== undefined && (line < 1 || line > lines)) {
          return { why: `${code} is at line ${line} of ${lines}`, findings: count, milliseconds };
        }
      }
    } catch (error) {
      return {
        why: error instanceof Error ? (error.stack ?? error.message) : String(error),
        findings: 0,
        milliseconds: 0,
      };
    }
  }
  return {
    why: milliseconds > allowed ? `${Math.round(milliseconds)} ms for ${text.length} characters` : null,
    findings: count,
    milliseconds,
  };
}

/** A text four times as long must not take much more than four times the time, nor leave more than some memory behind. */
export function growth(reader: FuzzedReader, unit: string): string | null {
  const small = timed(reader, unit.repeat(Math.ceil(50_000 / Math.max(1, unit.length))));
  const large = timed(reader, unit.repeat(Math.ceil(200_000 / Math.max(1, unit.length))));
  if (large < 1_000 || large < small * 12) return null;
  return `${Math.round(small)} ms for 50 kB and ${Math.round(large)} ms for 200 kB of ${JSON.stringify(unit.slice(0, 80))}`;
}

/** Milliseconds of processor time, which other programs on the machine disturb less. */
function timed(reader: FuzzedReader, text: string): number {
  const started = process.cpuUsage();
  reader.read(text);
  return process.cpuUsage(started).user / 1000;
}
