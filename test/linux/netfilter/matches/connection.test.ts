import { describe, expect, it } from "vitest";
import {
  type Connection,
  IPS_ASSURED,
  IPS_CONFIRMED,
  IPS_DST_NAT,
  IPS_DYING,
  newConnection,
} from "../../../../src/linux/conntrack/connection.ts";
import { CT_ESTABLISHED, CT_NEW, CT_UNTRACKED, type Skb } from "../../../../src/linux/skb.ts";
import { TCP } from "../../../../src/net/protocol.ts";
import { address, bench, frame, holds, matcher } from "./bench-host.ts";

function connection(fields: Partial<Connection> = {}): Connection {
  const original = {
    src: address("10.0.0.1"),
    dst: address("10.96.0.10"),
    protocol: TCP,
    sport: 40000,
    dport: 443,
    zone: 0,
  };
  const reply = {
    src: address("10.0.0.2"),
    dst: address("10.0.0.1"),
    protocol: TCP,
    sport: 80,
    dport: 40000,
    zone: 0,
  };
  return {
    ...newConnection(original, reply),
    status: IPS_DST_NAT | IPS_CONFIRMED,
    mark: 0x15,
    tcpState: "ESTABLISHED",
    expires: 100,
    ...fields,
  };
}

function tracked(rest: Partial<Skb> = {}): Skb {
  return frame({}, { connection: connection(), ctState: CT_ESTABLISHED, ...rest });
}

describe("-m conntrack", () => {
  it.each([
    ["--ctstate ESTABLISHED", true],
    ["! --ctstate ESTABLISHED,RELATED", false],
    ["--ctstate DNAT", true],
    ["--ctstate SNAT", false],
    ["--ctstate NEW,DNAT", true],
    ["! --ctstate DNAT", false],
    ["--ctproto tcp", true],
    ["! --ctproto tcp", false],
    ["--ctorigdst 10.96.0.10", true],
    ["--ctorigdst 10.96.0.99/16", true],
    ["! --ctorigdst 10.96.0.0/12", false],
    ["--ctreplsrc 10.0.0.2 --ctreplsrcport 80", true],
    ["--ctorigdstport 80", false],
    ["--ctorigsrcport 30000:50000", true],
    ["! --ctrepldstport 40000", false],
    ["--ctstatus CONFIRMED", true],
    ["--ctstatus ASSURED", false],
    ["! --ctstatus ASSURED", true],
    ["--ctstatus NONE", false],
    ["--ctexpire 90:100", true],
    ["! --ctexpire 0:50", true],
    ["--ctdir ORIGINAL", true],
    ["--ctdir REPLY", false],
  ])("%s holds for a DNATed connection: %s", (text, expected) => {
    expect(holds(`-m conntrack ${text}`, tracked())).toBe(expected);
  });

  it("sees a packet without a connection as INVALID, and then asks nothing else", () => {
    expect(holds("-m conntrack --ctstate INVALID --ctproto udp", frame())).toBe(true);
    expect(holds("-m conntrack --ctstate INVALID", frame())).toBe(true);
    expect(holds("-m conntrack ! --ctproto udp", frame())).toBe(false);
    expect(holds("-m conntrack --ctstate UNTRACKED", frame({}, { ctState: CT_UNTRACKED }))).toBe(true);
  });

  it.each(["1:200", "! 1:200"])(
    "asks what is left of a connection that is not confirmed, for the kernel goes by its own time then: --ctexpire %s",
    (range) => {
      const text = `-m conntrack ${range.startsWith("!") ? `! --ctexpire ${range.slice(2)}` : `--ctexpire ${range}`}`;
      const on = bench();
      const fresh = tracked({ connection: connection({ status: 0 }) });
      for (const answer of [0, 1]) {
        on.answer = answer;
        expect(holds(text, fresh, on)).toBe((answer === 1) !== range.startsWith("!"));
      }
      expect(on.asked.map(({ variable }) => variable)).toEqual(
        Array(2).fill("n --ctexpire 1:200 of a new connection "),
      );
    },
  );

  it("asks nothing of it where every time or none is within the range", () => {
    const on = bench();
    const fresh = tracked({ connection: connection({ status: 0 }) });
    expect(holds("-m conntrack --ctexpire 0:4294967295", fresh, on)).toBe(true);
    expect(holds("-m conntrack ! --ctexpire 30000000:40000000", fresh, on)).toBe(true);
    expect(on.asked).toEqual([]);
  });

  it("is what -m state asks, too", () => {
    expect(holds("-m state --state NEW", frame({}, { ctState: CT_NEW }))).toBe(true);
    expect(holds("-m state ! --state NEW", frame({}, { ctState: CT_NEW }))).toBe(false);
  });
});

describe("-m connmark", () => {
  it("compares under the mask, and never matches without a connection", () => {
    expect(holds("-m connmark --mark 0x10/0xf0", tracked())).toBe(true);
    expect(holds("-m connmark ! --mark 0x15", tracked())).toBe(false);
    expect(holds("-m connmark ! --mark 0x15", frame())).toBe(false);
  });
});

describe("-m connlimit", () => {
  const from = (sport: number, fields: Partial<Connection> = {}): Connection => {
    const { original, ...rest } = connection(fields);
    return { ...rest, original: { ...original, sport } };
  };

  it("counts the live connections it has seen, per group of addresses", () => {
    const on = bench();
    const above = matcher(["-m connlimit --connlimit-above 2 --connlimit-mask 24"]);
    const first = from(1, { status: IPS_CONFIRMED | IPS_ASSURED });
    expect(above(on, tracked({ connection: first }))).toBe(false);
    expect(above(on, tracked({ connection: first }))).toBe(false);
    expect(above(on, tracked({ connection: from(2) }))).toBe(false);
    expect(above(on, tracked({ connection: from(3) }))).toBe(true);
    expect(above(on, frame({ src: address("10.0.1.1") }, { connection: from(4) }))).toBe(false);
    first.status |= IPS_DYING;
    expect(above(on, tracked({ connection: from(5, { tcpState: "CLOSE" }) }))).toBe(true);
    expect(above(on, tracked({ connection: null }))).toBe(true);
    on.world.now = 200;
    expect(above(on, tracked({ connection: null }))).toBe(false);
  });

  it("counts one that never came to be against those before it, until a connection that is not counted yet comes", () => {
    const on = bench();
    const above = matcher(["-m connlimit --connlimit-above 1"]);
    const first = from(1);
    expect(above(on, tracked({ connection: first }))).toBe(false);
    expect(above(on, tracked({ connection: from(2, { status: 0 }) }))).toBe(true);
    expect(above(on, tracked({ connection: first }))).toBe(true);
    first.status |= IPS_DYING;
    expect(above(on, tracked({ connection: from(3) }))).toBe(false);
  });
});
