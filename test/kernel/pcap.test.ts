import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeFrame } from "../../src/net/wire/encode-packet.ts";
import { pcapng } from "../../src/report/pcapng.ts";
import { packetArbitrary } from "../net/wire/packet-arbitrary.ts";
import { kernelAvailable } from "./harness/kernel-available.ts";

const available = await kernelAvailable();
const PACKETS = 500;

/** What tcpdump says about a capture; it verifies every length and checksum that it prints. */
function tcpdump(capture: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), "podpath-pcap-"));
  try {
    const file = join(folder, "it.pcapng");
    writeFileSync(file, capture);
    return execFileSync("tcpdump", ["-nvvr", file], { encoding: "utf8", maxBuffer: 1 << 28, stdio: "pipe" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.skipIf(!available)("tcpdump, reading what podpath wrote", () => {
  it("finds every checksum of random packets right, and every packet whole", () => {
    const packets = fc.sample(packetArbitrary, { seed: 1, numRuns: PACKETS });
    const capture = pcapng(
      "test",
      ["a:eth0", "b:eth0"],
      packets.map((it, index) => ({
        interface: index % 2,
        direction: index % 2 === 0 ? "out" : "in",
        bytes: encodeFrame(it, null, null),
        comment: `packet ${index}`,
        time: index,
      })),
    );
    const said = tcpdump(capture);
    expect(said.match(/^\d\d:\d\d:\d\d/gm)).toHaveLength(PACKETS);
    expect(said.match(/\(correct\)|cksum ok|udp sum ok|icmp6 sum ok/g)?.length ?? 0).toBeGreaterThan(PACKETS / 2);
    const wrong = said.split("\n").filter((line) => /bad |incorrect|wrong|truncated|malformed|\[\|/.test(line));
    expect(wrong).toEqual([]);
  });
});
