import fc from "fast-check";
import { expect, test } from "vitest";
import { readFolder } from "../../../src/cli/read-files.ts";
import type { Network } from "../../../src/model/network.ts";
import { type FileText, type SnapshotFiles, textOf, type UnreadFile } from "../../../src/readers/snapshot/files.ts";
import { openSnapshot, readSnapshot } from "../../../src/readers/snapshot/read-snapshot.ts";
import { answerJson } from "../../../src/report/trace-json.ts";
import { askProbe, prepareProbe } from "../../../src/trace/probe.ts";

const CAPTURES = ["bgp-blocked", "healthy"].map((name) =>
  readFolder(`scenarios/debian-firewall-blocks-bgp/${name}/snapshot`),
);

const ENDS = [
  "pod/default/a",
  "pod/default/c",
  "pod/kube-system/coredns-7c65d6cfc9-4x2bk",
  "node/control-plane",
  "node/worker-2",
  "host/internet",
  "192.168.99.99",
  "service/kube-system/kube-dns:53",
];

type Files = SnapshotFiles["files"];

function answer(network: Network, from: string, to: string): string {
  const asked = { from, to, kind: null, protocol: null, port: null, sport: null, size: null, df: false };
  const prepared = prepareProbe(network, asked);
  if ("findings" in prepared) return JSON.stringify(prepared.findings);
  return JSON.stringify(answerJson(askProbe(network, prepared.probe, { everyRule: true, strict: true }), null));
}

/** The same files, and which of them were read. */
function watched(files: Files): { readonly files: Files; readonly read: Set<string> } {
  const read = new Set<string>();
  const entries = [...files].map(([path, content]) => {
    const fetch = () => {
      read.add(path);
      return textOf(content);
    };
    return [path, { read: fetch }] as const;
  });
  return { files: new Map(entries), read };
}

test("a snapshot that was opened gives the answers of one that was read, whatever files are missing", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...CAPTURES),
      fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 12 }),
      fc.array(fc.tuple(fc.constantFrom(...ENDS), fc.constantFrom(...ENDS)), { minLength: 1, maxLength: 2 }),
      (capture, without, questions) => {
        const files = new Map(capture);
        for (const share of without) files.delete([...files.keys()][Math.floor(share * files.size)] ?? "");
        const read = readSnapshot({ name: "test", files });
        const opened = openSnapshot({ name: "test", files });
        expect([...opened.network.hosts.keys()]).toEqual([...read.network.hosts.keys()]);
        const joined = ({ links }: Network): unknown => links.map((link) => ({ ...link, origin: 0 }));
        expect(joined(opened.network)).toEqual(joined(read.network));
        for (const [from, to] of questions) {
          expect(answer(opened.network, from, to)).toBe(answer(read.network, from, to));
        }
      },
    ),
    { numRuns: 25 },
  );
});

test("what is unreadable is missing in both", () => {
  const problem = { code: "binary-file", severity: "error", message: "the file is not text" } as const;
  const [capture = new Map()] = CAPTURES;
  for (const path of [
    "nodes/worker-1/iptables-nft-save.txt",
    "nodes/worker-1/ip-route.txt",
    "nodes/worker-1/ip-addr.txt",
  ]) {
    expect(capture.has(path)).toBe(true);
    const files = new Map(capture).set(path, { read: () => ({ problem: { ...problem, file: path } }) });
    const read = readSnapshot({ name: "test", files });
    const opened = openSnapshot({ name: "test", files });
    expect(answer(opened.network, "pod/default/a", "pod/default/c")).toBe(
      answer(read.network, "pod/default/a", "pod/default/c"),
    );
    expect(opened.findings.some(({ file }) => file === path)).toBe(true);
  }
});

test("a machine of which no file can be read is in neither", () => {
  const unreadable = (): FileText => ({ problem: { code: "archive", severity: "error", message: "" } });
  const files = new Map<string, UnreadFile>([
    ["nodes/n1/ip-addr.txt", { read: unreadable }],
    [
      "nodes/n2/ip-addr.txt",
      { read: () => "1: lo: <LOOPBACK,UP> mtu 65536 qdisc noqueue state UNKNOWN group default\n" },
    ],
  ]);
  for (const make of [readSnapshot, openSnapshot]) {
    expect([...make({ name: "test", files }).network.hosts.keys()]).toEqual(["n2"]);
  }
});

test("rules, routes and the rest of machines that no packet reaches are not read", () => {
  const [capture = new Map()] = CAPTURES;
  const { files, read } = watched(capture);
  const opened = openSnapshot({ name: "test", files });
  answer(opened.network, "pod/default/a", "pod/default/b");
  const ofOthers = [...read].filter((path) => /^nodes\/(?:control-plane|worker-2)\//.test(path));
  expect(ofOthers.filter((path) => !/\/(?:ip-(?:addr|link|neigh|route|route-v6)|sysctl|index)\./.test(path))).toEqual(
    [],
  );
  expect(read).toContain("nodes/worker-1/iptables-nft-save.txt");
});
