import { describe, expect, test } from "vitest";
import { fuzzArchives } from "./fuzz-archives.ts";
import { fuzzReaders, growth, tried } from "./fuzz-readers.ts";
import { heapGrowth, MOST_BYTES } from "./memory.ts";
import { READERS } from "./readers.ts";
import { samples } from "./samples.ts";

/** A fixed sample of `npm run fuzz -- --readers`. */
const all = samples();

/** Lines that made a reader slow, or are made to. */
const HOSTILE: readonly string[] = ["a@", " ", "[", "src=1 ", "1: x@y: <> ", '"', "> iptables "];

test("4,000 texts made of real ones: nothing throws, and findings cite lines that exist", () => {
  const figures = fuzzReaders(all, { inputs: 4_000, seed: 20_261_126 });
  expect(figures.failures).toEqual([]);
  expect(figures.findings).toBeGreaterThan(1_000);
});

test("300 archives made of real texts, damaged: opening them throws nothing and keeps to the limits", async () => {
  const figures = await fuzzArchives(all, { inputs: 300, seed: 7 });
  expect(figures.failures).toEqual([]);
  expect(figures.findings).toBeGreaterThan(50);
});

describe.each(READERS)("$name", (reader) => {
  const own = all.filter(({ path }) => reader.samples.test(path));

  test("has samples", () => {
    expect(own.length).toBeGreaterThan(0);
  });

  test("a text cut off at every byte", () => {
    const text =
      own
        .map((sample) => sample.text)
        .sort((x, y) => x.length - y.length)
        .find(({ length }) => length > 150)
        ?.slice(0, 300) ?? "";
    const wrong: string[] = [];
    for (let end = 0; end <= text.length; end++) {
      const { why } = tried(reader, text.slice(0, end));
      if (why !== null) wrong.push(`${end}: ${why}`);
    }
    expect(wrong).toEqual([]);
  });

  test("what it makes of a text needs a bounded number of bytes for each of its bytes", () => {
    const text = own[0]?.text.slice(0, 4_000) ?? "";
    expect(heapGrowth(reader, text)).toBeLessThan(MOST_BYTES);
  });

  test("time grows with the size of the text", () => {
    expect(HOSTILE.flatMap((unit) => growth(reader, unit) ?? [])).toEqual([]);
  });
});
