import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { concat, tarBytes } from "../readers/archive/tar-bytes.ts";
import { ARTICLE, folder, podpath } from "./command.ts";

const SNAPSHOT = join(ARTICLE, "bgp-blocked/snapshot");
const PROBE = ["--from", "pod/default/a", "--to", "pod/default/c", "--json"];

/** Files of the article's snapshot as a tar, below `top`. */
function snapshotTar(top: string): Uint8Array {
  const parts = readdirSync(SNAPSHOT, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const name = `${top}${path.slice(SNAPSHOT.length + 1)}`;
      return { name, content: readFileSync(path) };
    });
  return tarBytes(parts);
}

describe("an archive of the article's snapshot gives the same trace as the folder", () => {
  test.each([
    ["tar", (tar: Uint8Array) => tar],
    ["tar.gz", (tar: Uint8Array) => gzipSync(tar)],
    ["a tar in a tar", (tar: Uint8Array) => tarBytes([{ name: "x.tgz", content: gzipSync(tar) }])],
  ])("%s", async (_, pack) => {
    const path = folder({ "incident.bin": pack(snapshotTar("")) });
    const [ours, archived] = await Promise.all([
      podpath(["trace", SNAPSHOT, ...PROBE]),
      podpath(["trace", join(path, "incident.bin"), ...PROBE]),
    ]);
    expect(archived.out.replaceAll("x.tgz/nodes/", "nodes/")).toBe(ours.out);
    expect(archived.code).toBe(ours.code);
  });

  test("on standard input, as tar itself packs it", async () => {
    const packed = execFileSync("tar", ["-cz", "-C", join(ARTICLE, "bgp-blocked"), "snapshot"]);
    const [ours, archived] = await Promise.all([
      podpath(["trace", SNAPSHOT, ...PROBE]),
      podpath(["trace", "-", ...PROBE], new Uint8Array(packed)),
    ]);
    expect(archived.out.replaceAll('"snapshot/nodes/', '"nodes/')).toBe(ours.out);
  });
});

test("a tar that ends early is an error that does not hide the rest", async () => {
  const tar = snapshotTar("");
  const path = folder({ "s.tar": tar.subarray(0, tar.length - 1024 - 5000) });
  const { code, out } = await podpath(["check", join(path, "s.tar"), "--json"]);
  expect(code).toBe(1);
  const codes = JSON.parse(out).findings.map((finding: { code: string }) => finding.code);
  expect(codes).toContain("archive-truncated");
});

test("an archive of several snapshots: which ones", async () => {
  const rules = "0:\tfrom all lookup local\n";
  const path = folder({
    "two.tar": tarBytes([
      { name: "monday/nodes/n1/ip-rule.txt", content: rules },
      { name: "tuesday/nodes/n1/ip-rule.txt", content: rules },
    ]),
  });
  const { code, err } = await podpath(["check", join(path, "two.tar")]);
  expect(code).toBe(2);
  expect(err).toContain("monday, tuesday");
});

test("an archive in a folder is opened in its place", async () => {
  const path = folder({ "incident/s.tar.gz": gzipSync(snapshotTar("prod/")) });
  const { code, out } = await podpath(["check", join(path, "incident")]);
  expect(code).toBe(0);
  expect(out).toContain("3 nodes, 6 pods");
});

test("an empty archive, and one of nothing that is read", async () => {
  const path = folder({ "empty.tar": tarBytes([]), "dir.tar": tarBytes([{ name: "nodes/", type: "5" }]) });
  for (const name of ["empty.tar", "dir.tar"]) {
    const { code, err } = await podpath(["check", join(path, name)]);
    expect(code, name).toBe(2);
    expect(err).not.toBe("");
  }
});

test("--unpack-limit is a limit", async () => {
  const zeros = tarBytes([{ name: "nodes/n1/x.txt", content: concat([new Uint8Array(3 * 1024 * 1024)]) }]);
  const path = folder({ "s.tgz": gzipSync(concat([snapshotTar(""), zeros])) });
  const small = await podpath(["check", join(path, "s.tgz"), "--unpack-limit", "1", "--json"]);
  expect(small.out).toContain("archive-limit");
  const large = await podpath(["check", join(path, "s.tgz"), "--unpack-limit", "100", "--json"]);
  expect(large.out).not.toContain("archive-limit");
});
