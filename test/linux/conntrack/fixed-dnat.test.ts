import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Connection, IPS_SRC_NAT, newConnection, type TcpState } from "../../../src/linux/conntrack/connection.ts";
import { setUpFixedDnat, setUpNat } from "../../../src/linux/conntrack/nat.ts";
import { natRange } from "../../../src/linux/conntrack/nat-range.ts";
import { addConnection, connectionsIn } from "../../../src/linux/conntrack/table.ts";
import { openTcp } from "../../../src/linux/conntrack/tcp.ts";
import { invertTuple, tupleOf } from "../../../src/linux/conntrack/tuple.ts";
import type { HostRuntime } from "../../../src/linux/runtime.ts";
import { CT_NEW, CT_RELATED, skb } from "../../../src/linux/skb.ts";
import { type Packet, packet } from "../../../src/net/packet.ts";
import { ICMP, TCP, UDP } from "../../../src/net/protocol.ts";
import { SYN } from "../../../src/net/tcp-flags.ts";
import { address, bench } from "../netfilter/matches/bench-host.ts";

// Few of each, so that replies meet.
const someAddress = fc.constantFrom("10.0.0.1", "10.0.0.2", "10.0.0.3").map(address);
const somePort = fc.constantFrom(1, 2, 3);
const somePacket = fc
  .record({
    src: someAddress,
    dst: someAddress,
    protocol: fc.constantFrom(TCP, UDP, ICMP),
    sport: somePort,
    dport: somePort,
    seq: fc.integer({ min: 0, max: 3 }),
  })
  .map((fields) =>
    packet({ ...fields, icmpType: fields.protocol === ICMP ? 8 : 0, flags: fields.protocol === TCP ? SYN : 0 }),
  );

interface Other {
  readonly content: Packet;
  readonly tcpState: TcpState;
  readonly status: number;
  readonly expires: number;
}

const someOther: fc.Arbitrary<Other> = fc.record({
  content: somePacket,
  tcpState: fc.constantFrom("ESTABLISHED" as const, "TIME_WAIT" as const, "CLOSE" as const),
  status: fc.constantFrom(0, IPS_SRC_NAT),
  expires: fc.constantFrom(-1, 10),
});

function opened(runtime: HostRuntime, content: Packet): Connection {
  const original = tupleOf(content, 0);
  const connection = newConnection(original, invertTuple(original) ?? original);
  if (content.protocol === TCP) openTcp(runtime, connection, content);
  return connection;
}

/** A host that knows these connections, and a packet that opens another one. */
function scene(others: readonly Other[], content: Packet, state: number) {
  const { runtime } = bench();
  for (const { content: earlier, tcpState, status, expires } of others) {
    const connection = opened(runtime, earlier);
    Object.assign(connection, { tcpState, status, expires });
    addConnection(runtime.conntrack, connection);
  }
  const frame = skb(content, 0);
  const connection = opened(runtime, content);
  frame.connection = connection;
  frame.ctState = state;
  return { runtime, frame, connection };
}

describe("DNAT to one address and one port", () => {
  it("does what DNAT to a range of one address and one port does, to the connection and to those in its way", () => {
    fc.assert(
      fc.property(
        fc.array(someOther, { maxLength: 12 }),
        somePacket,
        fc.constantFrom(CT_NEW, CT_RELATED),
        someAddress,
        fc.constantFrom(-1, 1, 2, 3),
        (others, content, state, to, port) => {
          const short = scene(others, content, state);
          const long = scene(others, content, state);
          const ports = port < 0 ? null : { first: port, last: port };
          const range = natRange({ addresses: { first: to, last: to }, ports });
          expect(setUpFixedDnat(short.runtime, short.frame, to, port)).toBe(
            setUpNat(long.runtime, long.frame, "DNAT", range),
          );
          expect(short.connection).toEqual(long.connection);
          expect([...connectionsIn(short.runtime.conntrack)]).toEqual([...connectionsIn(long.runtime.conntrack)]);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
