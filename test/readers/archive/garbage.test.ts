import { readdirSync } from "node:fs";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { fixtureBytes, openBytes } from "./open-bytes.ts";
import { tarBytes } from "./tar-bytes.ts";

const FIXTURES = readdirSync(new URL("fixtures", import.meta.url)).map(fixtureBytes);
const SMALL = { bytes: 4 * 1024 * 1024, fileBytes: 1024 * 1024, entries: 100 };

/** Whatever an archive holds: no path leads out, and every finding says what to do or where it is. */
async function holds(bytes: Uint8Array): Promise<void> {
  const { texts, findings } = await openBytes(bytes, SMALL);
  for (const path of Object.keys(texts)) {
    expect(path).not.toMatch(/^\/|(?:^|\/)\.\.(?:\/|$)|\0|\\/);
  }
  for (const finding of findings) expect(finding.message).not.toBe("");
}

const damaged = fc
  .tuple(
    fc.constantFrom(...FIXTURES),
    fc.array(fc.tuple(fc.nat(20_000), fc.integer({ min: 0, max: 255 })), { maxLength: 8 }),
    fc.nat(20_000),
  )
  .map(([bytes, changes, cut]) => {
    const copy = bytes.slice();
    for (const [at, byte] of changes) copy[at % copy.length] = byte;
    return cut % 3 === 0 ? copy.subarray(0, cut % copy.length) : copy;
  });

test("nothing that is done to an archive makes its reader throw", async () => {
  await fc.assert(fc.asyncProperty(damaged, holds), { numRuns: 150 });
});

test("nor do bytes that never were one", async () => {
  const magic = fc.constantFrom([0x1f, 0x8b, 8, 0], [0x50, 0x4b, 3, 4], [0x50, 0x4b, 5, 6], []);
  const bytes = fc
    .tuple(magic, fc.uint8Array({ maxLength: 2000 }))
    .map(([head, rest]) => new Uint8Array([...head, ...rest]));
  await fc.assert(fc.asyncProperty(bytes, holds), { numRuns: 300 });
});

test("nor do entries with hostile names, types and sizes", async () => {
  const name = fc.oneof(
    fc.string({ maxLength: 99 }),
    fc
      .array(fc.constantFrom("../", "/", "C:\\", "./", "a/", "\0", "…", "x"), { maxLength: 10 })
      .map((parts) => parts.join("")),
    fc.constantFrom("nodes/n1/ip-route.txt", "..", ".", "/", ""),
  );
  const part = fc.record({
    name,
    content: fc.string({ maxLength: 600 }),
    type: fc.constantFrom(..."0123456789DKLMNSVXgx\0".split("")),
    target: name,
    size: fc.option(fc.constantFrom(0, 1, 511, 512, 513, 0o77777777777, 1024 * 1024), { nil: undefined }),
  });
  const archive = fc
    .tuple(fc.array(part, { maxLength: 12 }), fc.boolean(), fc.boolean())
    .map(([parts, end, packed]) => {
      const bytes = tarBytes(
        parts.map(({ size, ...rest }) => ({ ...rest, ...(size === undefined ? {} : { size }) })),
        end,
      );
      return packed ? gzipSync(bytes) : bytes;
    });
  await fc.assert(fc.asyncProperty(archive, holds), { numRuns: 200 });
});

test("a tar cut off at any byte keeps the files before the cut", async () => {
  const whole = tarBytes([
    { name: "nodes/n1/a.txt", content: "first\n" },
    { name: "nodes/n1/b.txt", content: "second\n".repeat(100) },
    { name: "nodes/n1/c.txt", content: "third\n" },
  ]);
  for (let length = 512; length <= whole.length; length += 37) {
    const { texts, codes } = await openBytes(whole.subarray(0, length));
    if (length >= 1024) expect(texts["nodes/n1/a.txt"], String(length)).toMatch(/^first\n/);
    if (length < whole.length - 1024) expect(codes, String(length)).toContain("archive-truncated");
  }
});

test("a compressed tar cut off at any byte says so", async () => {
  const whole = gzipSync(tarBytes([{ name: "nodes/n1/a.txt", content: "first\n".repeat(300) }]));
  for (let length = 20; length < whole.length; length++) {
    const { codes } = await openBytes(whole.subarray(0, length));
    expect(codes, String(length)).toContain("archive-truncated");
  }
});

test("a zip cut off at any byte says so, and keeps what is whole", async () => {
  const whole = fixtureBytes("streamed-stored.zip");
  for (let length = 40; length < whole.length; length++) {
    const { codes } = await openBytes(whole.subarray(0, length));
    expect(codes.length, String(length)).toBeGreaterThan(0);
  }
});
