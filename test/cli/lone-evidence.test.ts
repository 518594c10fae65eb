import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ARTICLE, folder, podpath } from "./command.ts";

const NODE = join(ARTICLE, "bgp-blocked/snapshot/nodes/worker-1");

describe("one file of evidence", () => {
  test.each([
    ["birdc-protocols.txt", "bgp-session-down"],
    ["nstat.txt", null],
    ["conntrack-stats.txt", null],
  ])("%s is enough for check, which cites it by its own name", async (name, code) => {
    const path = join(folder({ "pasted.txt": readFileSync(join(NODE, name)) }), "pasted.txt");
    const { code: exit, out } = await podpath(["check", path, "--json"]);
    const report: { files: { path: string }[]; findings: { code: string; file?: string }[] } = JSON.parse(out);
    expect(exit).toBe(0);
    expect(report.files.map((file) => file.path)).toEqual([path]);
    expect(report.findings.every(({ file }) => file === undefined || file === path)).toBe(true);
    if (code !== null) expect(report.findings.map((finding) => finding.code)).toContain(code);
    const asked = await podpath(["trace", path, "--packet", "{}"]);
    expect([asked.code, asked.err]).toEqual([2, expect.stringContaining("says nothing about packets")]);
  });

  test("what calicoctl says of IPAM is taken as well, alone and in a folder of pastes", async () => {
    const text =
      "Checking IPAM for inconsistencies...\nFound 2 IPs that are allocated in IPAM but not actually in use.\nCheck complete; found 2 problems.\n";
    const alone = await podpath(["check", join(folder({ "ipam.txt": text }), "ipam.txt")]);
    expect([alone.code, alone.out]).toEqual([0, expect.stringContaining("address-leaked")]);
    const rules = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";
    const pasted = await podpath(["check", folder({ "worker-1.txt": rules, "ipam.txt": text })]);
    expect([pasted.code, pasted.out]).toEqual([
      0,
      expect.stringContaining("ipam.txt:2: calicoctl ipam check found 2 addresses"),
    ]);
  });

  test("a log of the kernel tells which packets it logged", async () => {
    const line =
      "[27207.117566] podpath: IN=eth0 OUT= MAC=00 SRC=10.0.0.1 DST=10.0.0.2 LEN=60 PROTO=TCP SPT=44332 DPT=179 WINDOW=65495 SYN URGP=0 \n";
    const { code, out } = await podpath(["check", "-"], line.repeat(3));
    expect(code).toBe(0);
    expect(out.replace(/\s+/g, " ")).toContain("logged 3 packets from 10.0.0.1 to 10.0.0.2 tcp port 179 (in by eth0)");
  });
});
