import { describe, expect, it } from "vitest";
import { newConnection } from "../../../../src/linux/conntrack/connection.ts";
import { invertTuple, tupleOf } from "../../../../src/linux/conntrack/tuple.ts";
import { compileTarget } from "../../../../src/linux/netfilter/targets/table.ts";
import type { TargetVerdict } from "../../../../src/linux/netfilter/verdict.ts";
import {
  FORWARD,
  type Hook,
  NF_ACCEPT,
  NF_DROP,
  NF_QUEUE,
  NF_STOLEN,
  OUTPUT,
  POSTROUTING,
  PREROUTING,
  XT_CONTINUE,
} from "../../../../src/linux/netfilter/verdict.ts";
import { CT_INVALID, CT_NEW, CT_UNTRACKED, type Skb } from "../../../../src/linux/skb.ts";
import type { Interface } from "../../../../src/model/interface.ts";
import { formatAddress } from "../../../../src/net/address.ts";
import { readRule } from "../../../../src/readers/iptables/rule.ts";
import { splitWords } from "../../../../src/readers/iptables/words.ts";
import { address, type Bench, bench, frame } from "../matches/bench-host.ts";

/** Runs the target of a rule on a packet. */
function run(text: string, skb: Skb, on: Bench = bench(), hook: Hook = FORWARD): TargetVerdict {
  const family = skb.packet.src.family;
  const reading = readRule(splitWords(text).words, { family, isChain: () => false, counters: null, origin: 0 });
  expect(reading.problems).toEqual([]);
  const rule = reading.rules[0];
  if (rule?.target?.kind !== "extension") throw new Error(`${text} has no target extension`);
  return compileTarget(rule.target.call, rule, family)(skb, on.runtime, hook);
}

/** A packet of a new connection. */
function tracked(skb: Skb, mark = 0): Skb {
  const original = tupleOf(skb.packet, 0);
  const reply = invertTuple(original);
  if (reply === null) throw new Error("no reply");
  skb.connection = newConnection(original, reply);
  skb.connection.mark = mark;
  skb.ctState = CT_NEW;
  return skb;
}

function device(name: string, addresses: readonly string[], mtu = 1500): Interface {
  return {
    name,
    index: 2,
    kind: "physical",
    mac: null,
    mtu,
    up: true,
    carrier: true,
    addresses: addresses.map((text) => ({
      address: address(text),
      prefixLength: 24,
      scope: "global",
      peer: null,
      broadcast: null,
      secondary: false,
      dad: null,
      deprecated: false,
      noPrefixRoute: false,
      origin: 0,
    })),
    master: null,
    peerIndex: 0,
    lower: null,
    noArp: false,
    vxlan: null,
    bridge: null,
    bridgePort: null,
    vlanId: null,
    ipip: null,
    origin: 0,
  };
}

describe("MARK and CONNMARK", () => {
  it("change the mark by mask and exclusive or", () => {
    const skb = frame({}, { mark: 0xf0f });
    expect(run("-j MARK --set-xmark 0x100/0xff", skb)).toBe(XT_CONTINUE);
    expect(skb.mark).toBe(0xe00);
    run("-j MARK --set-mark 0x10000/0x10000", skb);
    expect(skb.mark).toBe(0x10e00);
    run("-j MARK --and-mark 0xff00", skb);
    expect(skb.mark).toBe(0xe00);
    run("-j MARK --or-mark 0x80000000", skb);
    expect(skb.mark).toBe(0x80000e00);
  });

  it("move marks between packet and connection under their masks", () => {
    const skb = tracked(frame({}, { mark: 0x12345678 }), 0xaabbccdd);
    run("-j CONNMARK --save-mark --nfmask 0xff --ctmask 0xff", skb);
    expect(skb.connection?.mark).toBe(0xaabbcc78);
    run("-j CONNMARK --restore-mark --nfmask 0xff000000 --ctmask 0xff000000", skb);
    expect(skb.mark).toBe(0xaa345678);
    run("-j CONNMARK --set-xmark 0x1/0xffffffff", skb);
    expect(skb.connection?.mark).toBe(1);
    run("-j CONNMARK --save-mark --nfmask 0xff --ctmask 0xffff --left-shift-mark 8", skb);
    expect(skb.connection?.mark).toBe(0x7800);
  });

  it("leave a packet without connection alone", () => {
    const skb = frame({}, { mark: 5 });
    expect(run("-j CONNMARK --restore-mark", skb)).toBe(XT_CONTINUE);
    expect(skb.mark).toBe(5);
  });
});

describe("targets that only note something", () => {
  it.each([
    "-j LOG",
    "-j NFLOG --nflog-group 3",
    "-j TRACE",
    "-j CLASSIFY --set-class 1:10",
    "-j CHECKSUM --checksum-fill",
  ])("%s lets the packet go on as it is", (text) => {
    const skb = frame();
    const before = structuredClone(skb.packet);
    expect(run(text, skb)).toBe(XT_CONTINUE);
    expect(skb.packet).toEqual(before);
  });

  it("-j SET goes on", () => {
    expect(run("-j SET --add-set s src", frame())).toBe(XT_CONTINUE);
  });
});

describe("targets that change the header", () => {
  it("TTL and HL set, raise and lower the hop limit within 0 and 255", () => {
    const skb = frame({ ttl: 64 });
    run("-j TTL --ttl-inc 250", skb);
    expect(skb.packet.ttl).toBe(255);
    run("-j TTL --ttl-set 3", skb);
    run("-j TTL --ttl-dec 9", skb);
    expect(skb.packet.ttl).toBe(0);
    const six = frame({ src: address("fd00::1"), dst: address("fd00::2"), ttl: 64 });
    run("-j HL --hl-dec 1", six);
    expect(six.packet.ttl).toBe(63);
  });

  it("DSCP leaves the ECN bits, TOS changes what its mask says", () => {
    const skb = frame({ tos: 0x03 });
    run("-j DSCP --set-dscp-class EF", skb);
    expect(skb.packet.tos).toBe(0xbb);
    run("-j TOS --set-tos 0x10/0x3f", skb);
    expect(skb.packet.tos).toBe(0x90);
    run("-j TOS --xor-tos 0x91", skb);
    expect(skb.packet.tos).toBe(0x01);
  });

  it("TCPMSS lowers the segment size, never raises it, and adds it to segments without data", () => {
    const rule = "-p tcp -j TCPMSS --set-mss 1400";
    for (const [before, payloadLength, after] of [
      [1460, 0, 1400],
      [1000, 0, 1000],
      [0, 0, 536],
      [0, 10, 0],
    ] as const) {
      const skb = frame({ mss: before, payloadLength });
      expect(run(rule, skb)).toBe(XT_CONTINUE);
      expect(skb.packet.mss).toBe(after);
    }
  });

  it("TCPMSS clamps to the MTU of the route, less the headers", () => {
    const output = device("vxlan.calico", ["10.1.0.1"], 1450);
    const skb = frame({ mss: 1460 });
    skb.route = { kind: "broadcast", route: null, output, preferredSource: null };
    expect(run("-p tcp -j TCPMSS --clamp-mss-to-pmtu", skb)).toBe(XT_CONTINUE);
    expect(skb.packet.mss).toBe(1410);
    skb.route = { kind: "broadcast", route: null, output: { ...output, mtu: 40 }, preferredSource: null };
    expect(run("-p tcp -j TCPMSS --clamp-mss-to-pmtu", skb)).toBe(NF_DROP);
  });
});

describe("CT and NOTRACK", () => {
  it.each(["-j NOTRACK", "-j CT --notrack"])("%s takes a packet out of conntrack before it is seen", (text) => {
    const skb = frame();
    expect(run(text, skb, bench(), PREROUTING)).toBe(XT_CONTINUE);
    expect(skb.ctState).toBe(CT_UNTRACKED);
    const seen = tracked(frame());
    run(text, seen);
    expect(seen.ctState).toBe(CT_NEW);
    const invalid = frame({}, { ctState: CT_INVALID });
    run(text, invalid);
    expect(invalid.ctState).toBe(CT_INVALID);
  });

  it("other options of CT are a template for conntrack, and the first one counts", () => {
    const skb = frame();
    expect(run("-j CT --zone 5", skb)).toBe(XT_CONTINUE);
    expect(run("-j CT --zone 6", skb)).toBe(XT_CONTINUE);
    expect(skb.template?.zone).toEqual({ direction: "both", id: 5 });
    expect(skb.ctState).toBe(CT_NEW);
  });
});

describe("NAT targets", () => {
  it("DNAT and SNAT choose the other side of the reply", () => {
    const skb = tracked(frame());
    expect(run("-p tcp -j DNAT --to-destination 10.9.9.9:8080", skb, bench(), PREROUTING)).toBe(NF_ACCEPT);
    expect(formatAddress(skb.connection?.reply.src ?? address("0.0.0.0"))).toBe("10.9.9.9");
    expect(skb.connection?.reply.sport).toBe(8080);
    expect(run("-j SNAT --to-source 10.8.8.8", skb, bench(), POSTROUTING)).toBe(NF_ACCEPT);
    expect(formatAddress(skb.connection?.reply.dst ?? address("0.0.0.0"))).toBe("10.8.8.8");
  });

  it("NETMAP keeps the host part, of the destination in PREROUTING and of the source in POSTROUTING", () => {
    const skb = tracked(frame());
    run("-j NETMAP --to 172.16.5.0/24", skb, bench(), PREROUTING);
    expect(formatAddress(skb.connection?.reply.src ?? address("0.0.0.0"))).toBe("172.16.5.2");
    const out = tracked(frame());
    run("-j NETMAP --to 172.16.5.0/24", out, bench(), POSTROUTING);
    expect(formatAddress(out.connection?.reply.dst ?? address("0.0.0.0"))).toBe("172.16.5.1");
  });

  it("MASQUERADE takes an address of the outgoing device, and drops where there is none", () => {
    const on = bench();
    const skb = tracked(frame({}, { output: device("eth0", ["10.0.0.77"]) }));
    expect(run("-j MASQUERADE", skb, on, POSTROUTING)).toBe(NF_ACCEPT);
    expect(formatAddress(skb.connection?.reply.dst ?? address("0.0.0.0"))).toBe("10.0.0.77");
    expect(run("-j MASQUERADE", tracked(frame({}, { output: device("cali1", []) })), on, POSTROUTING)).toBe(NF_DROP);
    expect(run("-j MASQUERADE", tracked(frame({ src: address("0.0.0.0") })), on, POSTROUTING)).toBe(NF_ACCEPT);
  });

  it("REDIRECT goes to the incoming device's address, to 127.0.0.1 in OUTPUT, and drops without an address", () => {
    const skb = tracked(frame({}, { input: device("eth0", ["10.0.0.77"]) }));
    expect(run("-p tcp -j REDIRECT --to-ports 3128", skb, bench(), PREROUTING)).toBe(NF_ACCEPT);
    expect(formatAddress(skb.connection?.reply.src ?? address("0.0.0.0"))).toBe("10.0.0.77");
    expect(skb.connection?.reply.sport).toBe(3128);
    const own = tracked(frame());
    run("-j REDIRECT", own, bench(), OUTPUT);
    expect(formatAddress(own.connection?.reply.src ?? address("0.0.0.0"))).toBe("127.0.0.1");
    expect(run("-j REDIRECT", tracked(frame({}, { input: device("cali1", []) })), bench(), PREROUTING)).toBe(NF_DROP);
  });
});

describe("REJECT", () => {
  it("answers and drops", () => {
    const skb = frame();
    expect(run("-p tcp -j REJECT --reject-with tcp-reset", skb)).toBe(NF_DROP);
    expect(skb.rejected).toBe(true);
    expect(run("-j REJECT", frame())).toBe(NF_DROP);
  });
});

describe("NFQUEUE", () => {
  it("NFQUEUE accepts or drops, and nobody can tell which", () => {
    const on = bench();
    expect(run("-j NFQUEUE --queue-num 3", frame(), on)).toBe(NF_QUEUE);
    on.answer = 1;
    expect(run("-j NFQUEUE --queue-num 3 --queue-bypass", frame(), on)).toBe(NF_STOLEN);
    expect(on.asked.map(({ kind }) => kind)).toEqual(["unknown", "unknown"]);
    expect(on.asked[0]?.question).toContain("dropped");
    expect(on.asked[1]?.question).toContain("accepted");
  });
});
