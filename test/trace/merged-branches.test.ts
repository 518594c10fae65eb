import { describe, expect, it } from "vitest";
import { PLAIN_ENDING } from "../../src/linux/runtime.ts";
import { network } from "../../src/model/network.ts";
import { ipv4 } from "../../src/net/address.ts";
import { type Packet, packet } from "../../src/net/packet.ts";
import { pagedList } from "../../src/net/paged-list.ts";
import { TCP, UDP } from "../../src/net/protocol.ts";
import { explore } from "../../src/trace/explorer.ts";
import { type Run, toAnswer } from "../../src/trace/result.ts";
import type { TraceStep } from "../../src/trace/step.ts";

function ended(last: Packet, steps: Run["steps"] = new Map()): Run {
  const end = { ending: PLAIN_ENDING, host: "n1", interface: "eth0", packet: last, chain: null, rule: -1, held: false };
  return {
    journeys: [
      {
        id: 0,
        kind: "request",
        cause: -1,
        host: "n1",
        local: false,
        raw: false,
        boundInterface: null,
        mark: 0,
        packet: last,
        error: null,
        end,
      },
    ],
    first: 0,
    steps,
    report: null,
    assumptions: [],
    freeDomains: pagedList(),
    conntrack: null,
    limits: null,
  };
}

/** How many leaves each branch stands for, when a coin says how the packet ends. */
function counts(heads: Packet, tails: Packet): readonly number[] {
  return countsOf(ended(heads), ended(tails));
}

function countsOf(heads: Run, tails: Run): readonly number[] {
  const exploration = explore((choose) => {
    const alternatives = ["heads", "tails"].map((label) => ({ label, probability: 0.5 }));
    const side = choose({ kind: "random", variable: "coin", question: "which side?", alternatives });
    return side === 0 ? heads : tails;
  });
  return toAnswer(network({ hosts: new Map() }), exploration).branches.map(({ count }) => count);
}

const [src, dst] = [ipv4(0x0a000001), ipv4(0x0a000002)];

/** What left n1 over eth0, and what ended was the packet inside. */
function carriedBy(frame: Packet): Run {
  const macs = { source: "02:00:00:00:00:01", destination: "02:00:00:00:00:02" };
  const sent: TraceStep = {
    kind: "transmit",
    host: "n1",
    interface: "eth0",
    packet: frame,
    mac: macs.destination,
    frame: macs,
    innerFrame: null,
  };
  return ended(packet({ src, dst, protocol: UDP }), new Map([[0, [sent]]]));
}

function carrying(ttl: number): Packet {
  return packet({ src, dst, protocol: UDP, dport: 4789, vni: 1, inner: packet({ src, dst, protocol: UDP, ttl }) });
}

describe("branches of an answer", () => {
  it("are one where the same packet ends at the same place", () => {
    expect(counts(carrying(63), carrying(63))).toEqual([2]);
  });

  it.each<readonly [string, Partial<Packet>]>([
    ["maximum segment size", { mss: 500 }],
    ["MTU of an ICMP error", { icmpMtu: 1300 }],
    ["gateway of a redirect", { icmpGateway: { address: dst, mac: null } }],
    ["length", { payloadLength: 8 }],
    ["TOS", { tos: 8 }],
    ["TTL", { ttl: 7 }],
  ])("are two where the packets that end differ in their %s", (_, field) => {
    const plain = packet({ src, dst, protocol: TCP });
    expect(counts(plain, { ...plain, ...field })).toEqual([1, 1]);
  });

  it("are two where a copy of the packet ends otherwise", () => {
    const dropped: TraceStep = { kind: "drop", host: "n2", reason: "NO_SOCKET", text: "" };
    const received: TraceStep = { kind: "deliver", host: "n2", packet: carrying(63), text: "" };
    const [one, other] = [dropped, received].map((step) => ended(carrying(63), new Map([[0, [step]]])));
    expect(one !== undefined && other !== undefined && countsOf(one, other)).toEqual([1, 1]);
  });

  it("are two where the packets inside the frames of a tunnel differ", () => {
    expect(counts(carrying(63), carrying(1))).toEqual([1, 1]);
  });

  it("are two where what a tunnel put around the packet was translated on one way alone", () => {
    const [frame, translated] = [carrying(63), { ...carrying(63), src: ipv4(0x0a000003) }];
    expect(countsOf(carriedBy(frame), carriedBy(translated))).toEqual([1, 1]);
    expect(countsOf(carriedBy(frame), carriedBy(carrying(63)))).toEqual([2]);
  });
});
