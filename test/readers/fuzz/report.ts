import { fuzzArchives } from "./fuzz-archives.ts";
import { fuzzReaders, growth } from "./fuzz-readers.ts";
import { heapGrowth, MOST_BYTES } from "./memory.ts";
import { READERS } from "./readers.ts";
import { samples } from "./samples.ts";

/** Repeated as they are and as lines: what a reader takes too long for, it takes too long for here. */
const UNITS_OF_EACH = 12;
/** One archive for so many texts. */
const ARCHIVES = 20;

/** `npm run fuzz -- --readers`: figures on `say`; true when nothing was found. */
export async function reportFuzz(inputs: number, seed: number, say: (line: string) => void): Promise<boolean> {
  const all = samples();
  say(`${READERS.length} readers, ${all.length} samples, ${inputs} inputs, seed ${seed}`);
  const started = Date.now();
  const figures = fuzzReaders(all, { inputs, seed, say });
  for (const { reader, why, text } of figures.failures) say(`\n${reader}: ${why}\n${JSON.stringify(text)}`);
  const slow = READERS.flatMap((reader) => {
    const own = all.filter(({ path }) => reader.samples.test(path));
    return own.slice(0, UNITS_OF_EACH).flatMap(({ text }) => {
      const line = text.split("\n").find((one) => one.length > 20) ?? text.slice(0, 100);
      return [line, `${line.slice(0, 500)}\n`]
        .flatMap((unit) => growth(reader, unit) ?? [])
        .map((why) => `${reader.name}: ${why}`);
    });
  });
  for (const line of slow) say(line);
  const archives = await fuzzArchives(all, { inputs: Math.ceil(inputs / ARCHIVES), seed });
  for (const { why, bytes } of archives.failures) say(`\nan archive: ${why}\n${bytes}`);
  say(
    `${archives.inputs} archives, ${Math.round(archives.bytes / 1e6)} MB, ${archives.findings} findings, ${archives.failures.length} failures`,
  );
  const greedy = READERS.map((reader) => {
    const own = all.find(({ path }) => reader.samples.test(path))?.text ?? "";
    return { name: reader.name, growth: heapGrowth(reader, own.slice(0, 4_000)) };
  }).sort((x, y) => y.growth - x.growth);
  const most = greedy.slice(0, 3).map(({ name, growth: bytes }) => `${name} ${Math.round(bytes)}`);
  say(`bytes of heap for a byte of text: ${most.join(", ")}`);
  const large = greedy.filter(({ growth: bytes }) => bytes > MOST_BYTES);
  const seconds = (Date.now() - started) / 1000;
  say(
    `${figures.inputs} inputs, ${Math.round(figures.bytes / 1e6)} MB, ${figures.findings} findings, ${figures.failures.length} failures, ${slow.length} slow; slowest input ${Math.round(figures.slowest.milliseconds)} ms (${figures.slowest.reader}); ${Math.round(seconds)} s`,
  );
  return figures.failures.length + slow.length + archives.failures.length + large.length === 0;
}
