import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { fragment } from "../../../src/linux/fragment.ts";
import { headerLength, type Packet, packet, packetLength } from "../../../src/net/packet.ts";
import { UDP } from "../../../src/net/protocol.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { address } from "../harness/lab.ts";

const available = await kernelAvailable();
const SCRIPT = fileURLToPath(new URL("../harness/local-fragments.py", import.meta.url));
const ENDS = { 4: ["10.0.0.1", "10.0.0.2"], 6: ["fd00::1", "fd00::2"] } as const;

/** By family and length: offset, bytes after the headers of IP, and whether more follows. */
const pieces = z.record(z.string(), z.record(z.string(), z.array(z.tuple([z.number(), z.number(), z.boolean()]))));

function ours(family: 4 | 6, mtu: number, payloadLength: number): readonly (readonly [number, number, boolean])[] {
  const [src, dst] = ENDS[family];
  const whole = packet({ src: address(src), dst: address(dst), protocol: UDP, sport: 1, dport: 9, payloadLength });
  const shape = (p: Packet) => [p.fragmentOffset, packetLength(p) - headerLength(p), p.moreFragments] as const;
  return packetLength(whole) <= mtu ? [shape(whole)] : fragment(whole, mtu, null).map(shape);
}

/** Datagrams of a socket, longer than the link is wide: cut where they are sent, in both families. */
describe.skipIf(!available)("datagrams of a host's own, as the kernel cuts them", () => {
  it.each([1280, 1400, 1499, 1500])("over a link of MTU %s", (mtu) => {
    const lengths = [
      ...[mtu - 48, mtu - 47, mtu - 28, mtu - 27],
      ...[2 * mtu - 130, 2 * mtu - 112, 2 * mtu - 104, 2 * mtu - 103, 2 * mtu - 48],
      ...[4000, 20_000, 65_507],
    ];
    const { stdout, stderr } = spawnSync("unshare", ["--net", "python3", SCRIPT, String(mtu), ...lengths.map(String)], {
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    const kernel = pieces.parse(JSON.parse(stdout));
    for (const family of [4, 6] as const) {
      for (const length of lengths) {
        expect([family, length, ours(family, mtu, length)]).toEqual([family, length, kernel[family]?.[length]]);
      }
    }
  });
});
