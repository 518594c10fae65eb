import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { fragment } from "../../../src/linux/fragment.ts";
import type { Network } from "../../../src/model/network.ts";
import { headerLength, type Packet, packet, packetLength } from "../../../src/net/packet.ts";
import { UDP } from "../../../src/net/protocol.ts";
import { parsePacketLine } from "../../../src/trace/packet-question.ts";
import { createPacketSession } from "../../../src/trace/packet-session.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { address, type LabHost, networkOf } from "../harness/lab.ts";
import { table } from "../harness/option-lab.ts";

const available = await kernelAvailable();
const SCRIPT = fileURLToPath(new URL("../harness/local-fragments.py", import.meta.url));
const ENDS = { 4: ["10.0.0.1", "10.0.0.2"], 6: ["fd00::1", "fd00::2"] } as const;

/** By family and length: offset, bytes after the headers of IP, and whether more follows. */
const pieces = z.record(z.string(), z.record(z.string(), z.array(z.tuple([z.number(), z.number(), z.boolean()]))));

type Piece = readonly [offset: number, length: number, more: boolean];

const shape = (p: Packet): Piece => [p.fragmentOffset, packetLength(p) - headerLength(p), p.moreFragments];

function ours(family: 4 | 6, mtu: number, payloadLength: number): readonly Piece[] {
  const [src, dst] = ENDS[family];
  const whole = packet({ src: address(src), dst: address(dst), protocol: UDP, sport: 1, dport: 9, payloadLength });
  return packetLength(whole) <= mtu ? [shape(whole)] : fragment(whole, mtu, null).map(shape);
}

/** A sender whose datagrams are for a peer over `near`, until DNAT makes them another's, over `other`. */
function redirected(mtu: number, then: number): Network {
  const peer = (name: string, mtu: number, four: string, six: string): LabHost => ({
    name,
    interfaces: [{ name: "eth0", mtu, addresses: [`${four}.2/24`, `${six}::2/64`] }],
  });
  return networkOf({
    hosts: [
      {
        name: "R",
        interfaces: [
          { name: "near", mtu, addresses: ["10.0.0.1/24", "fd00::1/64"] },
          { name: "other", mtu: then, addresses: ["10.0.1.1/24", "fd00:1::1/64"] },
        ],
        rulesets: [
          { family: 4, text: table("nat", ["-A OUTPUT -d 10.0.0.2 -j DNAT --to-destination 10.0.1.2"]) },
          { family: 6, text: table("nat", ["-A OUTPUT -d fd00::2 -j DNAT --to-destination fd00:1::2"]) },
        ],
      },
      peer("far", mtu, "10.0.0", "fd00"),
      peer("behind", then, "10.0.1", "fd00:1"),
    ],
    links: [
      ["R:near", "far:eth0"],
      ["R:other", "behind:eth0"],
    ],
    staticNeighbours: true,
  });
}

function sentElsewhere(network: Network, family: 4 | 6, length: number): readonly Piece[] {
  const [src, dst] = ENDS[family];
  const asked = { id: "p", host: "R", src, dst, proto: "udp", sport: 1, dport: 9, length };
  const parsed = parsePacketLine(JSON.stringify(asked), { file: "probe", line: 1 });
  if ("findings" in parsed) throw new Error(JSON.stringify(parsed.findings));
  const said = createPacketSession(network).ask(parsed.question);
  if ("findings" in said) throw new Error(JSON.stringify(said.findings));
  expect(said.answer.certainty).toBe("certain");
  const [{ run } = { run: undefined }] = said.answer.branches;
  return (run?.steps.get(run.first) ?? []).flatMap((step) =>
    step.kind === "transmit" && step.host === "R" && step.interface === "other" ? [shape(step.packet)] : [],
  );
}

function measured(words: readonly string[]): Record<string, Record<string, Piece[]>> {
  const { stdout, stderr } = spawnSync("unshare", ["--net", "python3", SCRIPT, ...words], { encoding: "utf8" });
  expect(stderr).toBe("");
  return pieces.parse(JSON.parse(stdout));
}

/** Datagrams of a socket, longer than the link is wide: cut where they are sent, in both families. */
describe.skipIf(!available)("datagrams of a host's own, as the kernel cuts them", () => {
  it.each([1280, 1400, 1499, 1500])("over a link of MTU %s", (mtu) => {
    const lengths = [
      ...[mtu - 48, mtu - 47, mtu - 28, mtu - 27],
      ...[2 * mtu - 130, 2 * mtu - 112, 2 * mtu - 104, 2 * mtu - 103, 2 * mtu - 48],
      ...[4000, 20_000, 65_507],
    ];
    const kernel = measured([mtu, ...lengths].map(String));
    for (const family of [4, 6] as const) {
      for (const length of lengths) {
        expect([family, length, ours(family, mtu, length)]).toEqual([family, length, kernel[family]?.[length]]);
      }
    }
  });

  it.each([
    [1400, 1500],
    [1500, 1400],
    [1499, 1405],
    [9000, 1500],
    [1500, 9000],
  ])("made for a link of MTU %s, sent by DNAT over one of MTU %s", (mtu, then) => {
    const network = redirected(mtu, then);
    const lengths = [1200, 1352, 1353, 1372, 1373, 1450, 1472, 1473, 2800, 3000, 8900, 12_000];
    const kernel = measured(["--then", ...[then, mtu, ...lengths].map(String)]);
    for (const family of [4, 6] as const) {
      for (const length of lengths) {
        expect([family, length, sentElsewhere(network, family, length)]).toEqual([
          family,
          length,
          kernel[family]?.[length],
        ]);
      }
    }
  });
});
