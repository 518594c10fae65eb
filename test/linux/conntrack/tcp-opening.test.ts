import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Connection, newConnection } from "../../../src/linux/conntrack/connection.ts";
import { openTcp, openWithSyn, trackTcp } from "../../../src/linux/conntrack/tcp.ts";
import { openedTracking, originalEnd } from "../../../src/linux/conntrack/tcp-opening.ts";
import { invertTuple, tupleOf } from "../../../src/linux/conntrack/tuple.ts";
import { type Packet, packet } from "../../../src/net/packet.ts";
import { TCP } from "../../../src/net/protocol.ts";
import { ACK, FIN, RST, SYN } from "../../../src/net/tcp-flags.ts";
import { address, bench } from "../netfilter/matches/bench-host.ts";

const client = address("10.0.0.1");
const server = address("10.0.0.2");

const someSyn = fc.record({
  seq: fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0xffffff00, max: 0xffffffff })),
  window: fc.integer({ min: 0, max: 0xffff }),
  payloadLength: fc.integer({ min: 0, max: 1460 }),
});

const someSegment = fc.record({
  flags: fc.constantFrom(SYN, SYN | ACK, ACK, FIN | ACK, RST, RST | ACK),
  reply: fc.boolean(),
  seq: fc.integer({ min: -2, max: 2 }),
  ack: fc.integer({ min: -2, max: 2 }),
  window: fc.integer({ min: 0, max: 0xffff }),
  payloadLength: fc.integer({ min: 0, max: 1460 }),
});

function segment(reply: boolean, fields: Partial<Packet>): Packet {
  const [src, dst] = reply ? [server, client] : [client, server];
  const [sport, dport] = reply ? [80, 4000] : [4000, 80];
  return packet({ src, dst, sport, dport, protocol: TCP, ...fields });
}

function untouched(syn: Packet): Connection {
  const original = tupleOf(syn, 0);
  return newConnection(original, invertTuple(original) ?? original);
}

describe("a connection of which one SYN was seen", () => {
  it("is what the whole tracker makes of it, and goes on alike with whatever segments follow", () => {
    fc.assert(
      fc.property(someSyn, fc.array(someSegment, { maxLength: 4 }), (fields, later) => {
        const { runtime } = bench();
        const syn = segment(false, { flags: SYN, ...fields });
        const [short, long] = [untouched(syn), untouched(syn)];
        expect(openTcp(runtime, long, syn)).toBe(true);
        expect(openWithSyn(runtime, short, syn, 5)).toBe(trackTcp(runtime, long, syn, false, 5));
        expect(short.tcp).toBe(null);
        expect(openedTracking(short)).toEqual(long.tcp);
        expect(originalEnd(short)).toBe(originalEnd(long));
        expect({ ...short, tcp: null, synWindow: 0, synEnd: 0 }).toEqual({ ...long, tcp: null });
        for (const { reply, seq, ack, ...rest } of later) {
          const end = originalEnd(long) ?? 0;
          const own = { ...rest, seq: ((reply ? 0 : end) + seq) >>> 0, ack: ((reply ? end : 0) + ack) >>> 0 };
          const next = segment(reply, own);
          expect(trackTcp(runtime, short, next, reply, 6)).toBe(trackTcp(runtime, long, next, reply, 6));
          expect({ ...short, synEnd: 0 }).toEqual(long);
        }
      }),
    );
  });
});
