import { describe, expect, it } from "vitest";
import { PLAIN_ENDING } from "../../src/linux/runtime.ts";
import { network } from "../../src/model/network.ts";
import { ipv4 } from "../../src/net/address.ts";
import { type Packet, packet } from "../../src/net/packet.ts";
import { UDP } from "../../src/net/protocol.ts";
import { explore } from "../../src/trace/explorer.ts";
import { type Run, toAnswer } from "../../src/trace/result.ts";

function ended(last: Packet): Run {
  const end = { ending: PLAIN_ENDING, host: "n1", interface: "eth0", packet: last, chain: null, rule: -1, held: false };
  return {
    journeys: [
      { id: 0, kind: "request", cause: -1, host: "n1", local: false, raw: false, packet: last, error: null, end },
    ],
    first: 0,
    steps: new Map(),
    report: null,
    assumptions: [],
    freeDomains: [],
    conntrack: null,
    limits: null,
  };
}

/** How many leaves each branch stands for, when a coin says how the packet ends. */
function counts(heads: Packet, tails: Packet): readonly number[] {
  const exploration = explore((choose) => {
    const alternatives = ["heads", "tails"].map((label) => ({ label, probability: 0.5 }));
    const side = choose({ kind: "random", variable: "coin", question: "which side?", alternatives });
    return ended(side === 0 ? heads : tails);
  });
  return toAnswer(network({ hosts: new Map() }), exploration).branches.map(({ count }) => count);
}

const [src, dst] = [ipv4(0x0a000001), ipv4(0x0a000002)];

function carrying(ttl: number): Packet {
  return packet({ src, dst, protocol: UDP, dport: 4789, vni: 1, inner: packet({ src, dst, protocol: UDP, ttl }) });
}

describe("branches of an answer", () => {
  it("are one where the same packet ends at the same place", () => {
    expect(counts(carrying(63), carrying(63))).toEqual([2]);
  });

  it("are two where the packets inside the frames of a tunnel differ", () => {
    expect(counts(carrying(63), carrying(1))).toEqual([1, 1]);
  });
});
