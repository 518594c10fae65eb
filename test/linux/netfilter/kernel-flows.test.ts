import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Connection } from "../../../src/linux/conntrack/connection.ts";
import { newConnection } from "../../../src/linux/conntrack/connection.ts";
import { invertTuple, tupleOf } from "../../../src/linux/conntrack/tuple.ts";
import type { TargetFunction } from "../../../src/linux/netfilter/extension.ts";
import { compileTarget } from "../../../src/linux/netfilter/targets/table.ts";
import { NF_DROP, PREROUTING, XT_CONTINUE } from "../../../src/linux/netfilter/verdict.ts";
import { CT_NEW, type Skb } from "../../../src/linux/skb.ts";
import { type Family, formatAddress } from "../../../src/net/address.ts";
import type { Packet } from "../../../src/net/packet.ts";
import { packetLength } from "../../../src/net/packet.ts";
import { ICMP, ICMPV6, UDP } from "../../../src/net/protocol.ts";
import { readRule } from "../../../src/readers/iptables/rule.ts";
import { splitWords } from "../../../src/readers/iptables/words.ts";
import { address, bench, frame, holds } from "./matches/bench-host.ts";

interface SentPacket extends Partial<Omit<Packet, "src" | "dst">> {
  readonly src: string;
  readonly dst: string;
}

const recorded: {
  readonly hmark: readonly {
    readonly target: string;
    readonly packets: readonly SentPacket[];
    readonly marks: readonly number[];
  }[];
  readonly cluster: readonly {
    readonly family: Family;
    readonly rules: readonly string[];
    readonly packets: readonly (readonly [SentPacket, readonly number[]])[];
  }[];
  readonly dnpt: readonly (readonly [target: string, destination: string, translated: string | null])[];
  readonly connbytes: readonly { readonly family: Family; readonly rules: readonly (readonly [string, string])[] }[];
} = JSON.parse(readFileSync(new URL("kernel-flows.json", import.meta.url), "utf8"));

/** The packet as it arrives, the first of its connection. */
function arriving({ src, dst, ...fields }: SentPacket): { readonly skb: Skb; readonly connection: Connection } {
  const skb = frame({ sport: 0, dport: 0, flags: 0, ...fields, src: address(src), dst: address(dst) });
  const original = tupleOf(skb.packet, 0);
  const reply = invertTuple(original);
  if (reply === null) throw new Error("no reply");
  const connection = newConnection(original, reply);
  skb.connection = connection;
  skb.ctState = CT_NEW;
  return { skb, connection };
}

function targetOf(text: string, family: Family): TargetFunction {
  const scope = { family, isChain: () => false, counters: null, origin: 0 };
  const rule = readRule(splitWords(text).words, scope).rules[0];
  if (rule?.target?.kind !== "extension") throw new Error(`${text} has no target`);
  return compileTarget(rule.target.call, rule, family);
}

describe("-j DNPT translates as the kernel does", () => {
  it.each(recorded.dnpt)("%s: %s becomes %s", (text, dst, translated) => {
    const { skb } = arriving({ src: "fd00::1", dst, protocol: UDP, sport: 1, dport: 2 });
    const verdict = targetOf(text, 6)(skb, bench().runtime, PREROUTING);
    expect(verdict).toBe(translated === null ? NF_DROP : XT_CONTINUE);
    if (translated !== null) expect(formatAddress(skb.packet.dst)).toBe(translated);
  });

  it("maps what an ICMPv6 error quotes, on the other side", () => {
    const inner = arriving({ src: "fd00:1::7", dst: "fd00::1", protocol: UDP, sport: 2, dport: 1 }).skb.packet;
    const outer = { src: address("fd00::1"), dst: address("fd00:1::7"), protocol: ICMPV6, icmpType: 1, inner };
    const skb = frame(outer);
    targetOf("-j DNPT --src-pfx fd00:1::/48 --dst-pfx 2001:db8:1::/48", 6)(skb, bench().runtime, PREROUTING);
    expect(formatAddress(inner.src)).toBe(formatAddress(skb.packet.dst));
  });
});

describe("-j HMARK computes the kernel's marks", () => {
  it.each(recorded.hmark.map((item) => [item.target, item] as const))("%s", (text, { packets, marks }) => {
    const on = bench();
    const mine = packets.map((packet) => {
      const { skb } = arriving(packet);
      expect(targetOf(text, skb.packet.src.family)(skb, on.runtime, PREROUTING)).toBe(XT_CONTINUE);
      return skb.mark;
    });
    expect(mine).toEqual(marks);
    expect(on.asked).toEqual([]);
  });
});

describe("-m cluster gives connections to the kernel's nodes", () => {
  it.each(recorded.cluster.map((item) => [item.family, item] as const))("IPv%i", (_, { rules, packets }) => {
    for (const [packet, matched] of packets) {
      const { skb } = arriving(packet);
      const mine = rules.flatMap((rule, index) => (holds(rule, skb, bench(), PREROUTING) ? [index] : []));
      expect([packet.src, mine]).toEqual([packet.src, matched]);
    }
  });
});

describe("-m connbytes counts as the kernel does", () => {
  for (const { family, rules } of recorded.connbytes) {
    it.each(rules)(`IPv${family}: %s`, (rule, expected) => {
      const six = family === 6;
      const request: SentPacket = {
        src: six ? "fd00::1" : "10.0.0.1",
        dst: six ? "fd00::fe" : "10.0.0.254",
        protocol: six ? ICMPV6 : ICMP,
        icmpType: six ? 128 : 8,
      };
      const { skb, connection } = arriving(request);
      const row = [32, 32, 32, 132, 8].map((payloadLength) => {
        skb.packet.payloadLength = payloadLength;
        const bytes = packetLength(skb.packet);
        connection.originalPackets++;
        connection.originalBytes += bytes;
        const matched = holds(rule, skb, bench(), PREROUTING);
        connection.replyPackets++;
        connection.replyBytes += bytes;
        return matched ? "1" : "0";
      });
      expect(row.join("")).toBe(expected);
    });
  }

  it("finds nothing to count without a connection", () => {
    expect(holds("-m connbytes --connbytes 0 --connbytes-mode bytes --connbytes-dir both", frame())).toBe(false);
    expect(holds("-m connbytes ! --connbytes 9 --connbytes-mode bytes --connbytes-dir both", frame())).toBe(false);
  });
});
