import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { archiveKind } from "../../../src/readers/archive/archive-kind.ts";
import { readSnapshot } from "../../../src/readers/snapshot/read-snapshot.ts";
import { fixtureBytes, openBytes } from "./open-bytes.ts";
import { concat, tarBytes } from "./tar-bytes.ts";

const RULES = "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n";
const ROUTES = "default via 10.0.0.1 dev eth0 \n10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.11 \n";
const LONG = `nodes/n1/${"x".repeat(120)}.txt`;

describe("what GNU tar 1.35 and Info-ZIP 3.0 wrote", () => {
  test.each(["v7", "ustar", "gnu", "oldgnu", "pax"])("%s: files, links inside, no links outside", async (format) => {
    const { texts, findings } = await openBytes(fixtureBytes(`${format}.tar.gz`));
    const hasLong = format !== "v7" && format !== "ustar";
    expect(texts).toEqual({
      "nodes/n1/ip-rule.txt": RULES,
      "nodes/n1/ip-route.txt": ROUTES,
      "nodes/n1/ip-route-link.txt": ROUTES,
      ...(hasLong ? { [LONG]: "long\n" } : {}),
    });
    expect(findings).toEqual([
      expect.objectContaining({
        code: "archive-link",
        file: "nodes/n1/loop.txt",
        message: expect.stringContaining("itself"),
      }),
      expect.objectContaining({
        code: "archive-link",
        file: "nodes/n1/outside.txt",
        message: expect.stringContaining("outside"),
      }),
    ]);
  });

  test.each(["zip30", "zip64"])("%s.zip", async (name) => {
    const { texts, codes } = await openBytes(fixtureBytes(`${name}.zip`));
    expect(texts).toEqual({
      "nodes/n1/ip-rule.txt": RULES,
      "nodes/n1/ip-route.txt": ROUTES,
      "nodes/n1/ip-route-link.txt": ROUTES,
      [LONG]: "long\n",
    });
    expect(codes).toEqual(["archive-link", "archive-link"]);
  });

  test("a zip written to a pipe, without sizes before its data", async () => {
    const { texts, codes } = await openBytes(fixtureBytes("streamed-stored.zip"));
    expect(texts).toEqual({ "nodes/n1/ip-rule.txt": RULES, "nodes/n1/ip-route.txt": ROUTES });
    expect(codes).toEqual([]);
  });

  test("an encrypted zip: what to do", async () => {
    const { texts, findings } = await openBytes(fixtureBytes("encrypted.zip"));
    expect(texts).toEqual({});
    expect(findings).toEqual([
      expect.objectContaining({
        code: "archive-encrypted",
        file: "nodes/n1/ip-rule.txt",
        advice: expect.stringContaining("password"),
      }),
    ]);
  });

  test("hard links are files; devices, pipes and sparse files are left out", async () => {
    const { texts, findings } = await openBytes(fixtureBytes("special.tar.gz"));
    expect(texts).toEqual({ "nodes/n1/hard-a.txt": RULES, "nodes/n1/hard-b.txt": RULES });
    expect(findings.map(({ code, file }) => `${code} ${file}`)).toEqual([
      "archive-special-file pipe",
      "archive-special-file null",
      "archive-special-file sparse.txt",
    ]);
    const pax = await openBytes(fixtureBytes("special-pax.tar.gz"));
    expect(pax.texts).toEqual({ "nodes/n1/ip-rule.txt": RULES });
    expect(pax.findings.map(({ file }) => file)).toEqual(["pipe", "null", "sparse.txt"]);
  });

  test("absolute paths and paths with .. are left out", async () => {
    const { texts, codes } = await openBytes(fixtureBytes("unsafe.tar.gz"));
    expect(texts).toEqual({ "nodes/n1/hard-a.txt": RULES });
    expect(codes).toEqual(["archive-unsafe-path", "archive-unsafe-path"]);
  });

  test("a name in Latin-1", async () => {
    const { texts, codes } = await openBytes(fixtureBytes("latin1.tar.gz"));
    expect(texts).toEqual({ "nürnberg.txt": RULES });
    expect(codes).toEqual(["archive-name-encoding"]);
  });
});

describe("archives inside of each other", () => {
  test("are opened, and their files stand below their names", async () => {
    const inner = gzipSync(tarBytes([{ name: "nodes/n1/ip-rule.txt", content: RULES }]));
    const { texts, codes } = await openBytes(tarBytes([{ name: "inner.tgz", content: inner }]));
    expect(texts).toEqual({ "inner.tgz/nodes/n1/ip-rule.txt": RULES });
    expect(codes).toEqual([]);
  });

  test("but not without end", async () => {
    let bytes = tarBytes([{ name: "x.txt", content: "x" }]);
    for (let depth = 0; depth < 10; depth++) bytes = tarBytes([{ name: `${depth}.tar`, content: bytes }]);
    const { texts, codes } = await openBytes(bytes);
    expect(texts).toEqual({});
    expect(codes).toEqual(["archive-depth"]);
  });

  test("a compressed text is a file of its own", async () => {
    expect((await openBytes(gzipSync(RULES))).texts).toEqual({ "": RULES });
  });
});

describe("limits", () => {
  const zeros = new Uint8Array(1024 * 1024);

  test("bytes: what came before stays", async () => {
    const parts = [
      { name: "a.txt", content: RULES },
      ...Array.from({ length: 8 }, (_, i) => ({ name: `z${i}`, content: zeros })),
    ];
    const { texts, findings } = await openBytes(gzipSync(tarBytes(parts)), { bytes: 3 * 1024 * 1024 });
    expect(texts["a.txt"]).toBe(RULES);
    expect(Object.keys(texts).length).toBeLessThan(5);
    expect(findings).toEqual([
      expect.objectContaining({ code: "archive-limit", advice: expect.stringContaining("--unpack-limit") }),
    ]);
  });

  test("a tar that is not compressed counts as well", async () => {
    const parts = Array.from({ length: 8 }, (_, i) => ({ name: `z${i}`, content: zeros }));
    expect((await openBytes(tarBytes(parts), { bytes: 3 * 1024 * 1024 })).codes).toEqual(["archive-limit"]);
  });

  test("ratio: a bomb is told after 64 MB", async () => {
    const bomb = gzipSync(new Uint8Array(80 * 1024 * 1024));
    const { texts, findings } = await openBytes(bomb);
    expect(texts).toEqual({});
    expect(findings[0]?.message).toContain("times its size");
    expect((await openBytes(bomb, { ratio: null })).codes).toEqual(["file-too-large"]);
  });

  test("number of files", async () => {
    const parts = Array.from({ length: 20 }, (_, i) => ({ name: `${i}.txt`, content: "x" }));
    const { texts, codes } = await openBytes(tarBytes(parts), { entries: 5 });
    expect(Object.keys(texts)).toHaveLength(5);
    expect(codes).toEqual(["archive-limit"]);
  });

  test("one file that is too large is left out, the others stay", async () => {
    const { texts, codes } = await openBytes(
      tarBytes([
        { name: "big", content: zeros },
        { name: "a.txt", content: RULES },
      ]),
      { fileBytes: 1000 },
    );
    expect(texts).toEqual({ "a.txt": RULES });
    expect(codes).toEqual(["file-too-large"]);
  });
});

describe("damage", () => {
  const two = tarBytes([
    { name: "a.txt", content: RULES },
    { name: "b.txt", content: ROUTES },
  ]);

  test("a header with a wrong checksum: the next file is read", async () => {
    const bytes = two.slice();
    bytes[0] = 0x7a;
    // the first file is told by its name, and it is an archive no more
    expect(archiveKind(bytes)).toBeNull();
    const later = concat([tarBytes([{ name: "0.txt", content: "0" }], false), bytes]);
    const { texts, codes } = await openBytes(later);
    expect(texts).toEqual({ "0.txt": "0", "b.txt": ROUTES });
    expect(codes).toEqual(["archive-damaged"]);
  });

  test("a tar that ends early keeps what came before, and the last line is marked as cut", async () => {
    const { texts, codes } = await openBytes(two.subarray(0, 1024 + 512 + 40));
    expect(texts).toEqual({ "a.txt": RULES, "b.txt": `${ROUTES.slice(0, 40)}…` });
    expect(codes).toEqual(["archive-truncated"]);
  });

  test("compressed data that ends early or is damaged", async () => {
    const packed = gzipSync(two);
    const cut = await openBytes(packed.subarray(0, packed.length - 12));
    expect(cut.texts["a.txt"]).toBe(RULES);
    expect(cut.codes).toContain("archive-truncated");
    const damaged = packed.slice();
    damaged[packed.length - 6] = (damaged[packed.length - 6] ?? 0) ^ 0xff;
    const { texts, codes } = await openBytes(damaged);
    expect(texts).toEqual({ "a.txt": RULES, "b.txt": ROUTES });
    expect(codes).toEqual(["archive-damaged"]);
  });

  test("a zip without its directory is read from the files' own headers", async () => {
    const whole = fixtureBytes("streamed-stored.zip");
    const cut = whole.subarray(0, whole.length - 60);
    const { texts, codes } = await openBytes(cut);
    expect(texts).toEqual({ "nodes/n1/ip-rule.txt": RULES, "nodes/n1/ip-route.txt": ROUTES });
    expect(codes).toEqual(["archive-truncated"]);
  });

  test("of two files with one name the later counts, and it is said", async () => {
    const twice = tarBytes([
      { name: "a.txt", content: RULES },
      { name: "./a.txt", content: ROUTES },
    ]);
    const { texts, codes } = await openBytes(twice);
    expect(texts).toEqual({ "a.txt": ROUTES });
    expect(codes).toEqual(["archive-duplicate"]);
  });

  test("names that differ in case only are two files, of two machines", async () => {
    const { texts, codes } = await openBytes(
      tarBytes([
        { name: "nodes/n1/ip-route.txt", content: ROUTES },
        { name: "nodes/N1/ip-route.txt", content: "default via 10.0.0.9 dev eth0 \n" },
      ]),
    );
    expect(Object.keys(texts).sort()).toEqual(["nodes/N1/ip-route.txt", "nodes/n1/ip-route.txt"]);
    expect(codes).toEqual([]);
    const { machines } = readSnapshot({ name: "t", files: new Map(Object.entries(texts)) });
    expect(machines.map(({ name }) => name).sort()).toEqual(["N1", "n1"]);
  });

  test("a NUL, a drive letter and a backslash in a name", async () => {
    const pax = (record: string): string => {
      let length = record.length + 3;
      length = record.length + 2 + String(length).length;
      return `${length} ${record}\n`;
    };
    const { texts, codes } = await openBytes(
      tarBytes([
        { name: "x", type: "x", content: pax("path=a\0b.txt") },
        { name: "a.txt", content: "1" },
        { name: "C:\\dumps\\a.txt", content: "2" },
        { name: "..\\..\\a.txt", content: "3" },
        { name: "nodes\\n1\\ip-rule.txt", content: RULES },
      ]),
    );
    expect(texts).toEqual({ "nodes/n1/ip-rule.txt": RULES });
    expect(codes).toEqual(["archive-unsafe-path", "archive-unsafe-path", "archive-unsafe-path"]);
  });
});

test("litter of file managers is passed over", async () => {
  const { texts } = await openBytes(
    tarBytes([
      { name: "__MACOSX/nodes/n1/._ip-rule.txt", content: "x" },
      { name: "nodes/n1/._ip-rule.txt", content: "x" },
      { name: "nodes/.DS_Store", content: "x" },
      { name: "nodes/n1/ip-rule.txt", content: RULES },
    ]),
  );
  expect(texts).toEqual({ "nodes/n1/ip-rule.txt": RULES });
});

test("other archives are recognised, with the command that unpacks them", async () => {
  const magic: Readonly<Record<string, readonly number[]>> = {
    bzip2: [0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59],
    xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0],
    zstd: [0x28, 0xb5, 0x2f, 0xfd],
    "7z": [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c],
    rar: [0x52, 0x61, 0x72, 0x21, 0x1a, 0x07],
    lz4: [0x04, 0x22, 0x4d, 0x18],
  };
  for (const [kind, bytes] of Object.entries(magic)) {
    const { findings } = await openBytes(new Uint8Array([...bytes, ...new Uint8Array(600)]));
    expect(findings).toEqual([
      expect.objectContaining({ code: "archive-format", message: expect.stringContaining(kind) }),
    ]);
  }
});
