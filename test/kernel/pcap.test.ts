import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ipv6 } from "../../src/net/address.ts";
import { V6_REDIRECT } from "../../src/net/icmp.ts";
import { packet } from "../../src/net/packet.ts";
import { ICMPV6, UDP } from "../../src/net/protocol.ts";
import { redirectLength } from "../../src/net/redirect6.ts";
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

  it.each([
    ["and the target's MAC address, where that is known", "02:00:00:00:00:07", 20],
    ["alone, where no MAC address is known", null, 20],
    ["of which it quotes as much as goes into 1,280 bytes", "02:00:00:00:00:07", 1400],
  ])("sees the target of an IPv6 redirect and what it is about, %s", (_, mac, payloadLength) => {
    const [host, router, far, target] = [
      ipv6(0xfd000000, 0, 0, 2),
      ipv6(0xfe800000, 0, 0, 1),
      ipv6(0xfd000001, 0, 0, 2),
      ipv6(0xfe800000, 0, 0, 7),
    ];
    const about = packet({ src: host, dst: far, protocol: UDP, sport: 4000, dport: 80, payloadLength });
    const redirect = packet({
      src: router,
      dst: host,
      protocol: ICMPV6,
      ttl: 255,
      icmpType: V6_REDIRECT,
      icmpGateway: { address: target, mac },
      payloadLength: redirectLength(about, mac !== null),
      inner: about,
    });
    const bytes = encodeFrame(redirect, null, null);
    const said = tcpdump(pcapng("test", ["a:eth0"], [{ interface: 0, direction: "in", bytes, comment: "", time: 0 }]));
    expect(said).toContain("icmp6 sum ok");
    expect(said).toContain("fd00:1::2 to fe80::7");
    expect(said.includes("destination link-address option (2), length 8 (1): 02:00:00:00:00:07")).toBe(mac !== null);
    expect(said).toContain("redirected header option (4)");
    expect(said).toContain(`payload length: ${8 + redirect.payloadLength}`);
    expect(said).not.toMatch(/bad |incorrect|wrong|malformed/);
  });
});
