import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isKnownMatch, isKnownTarget } from "../../../src/linux/netfilter/known-extensions.ts";
import { compileTarget } from "../../../src/linux/netfilter/targets/table.ts";
import {
  FORWARD,
  NF_ACCEPT,
  NF_DROP,
  NF_QUEUE,
  NF_STOLEN,
  PREROUTING,
  type TargetVerdict,
  XT_CONTINUE,
} from "../../../src/linux/netfilter/verdict.ts";
import type { Skb } from "../../../src/linux/skb.ts";
import type { Family } from "../../../src/net/address.ts";
import { ESP, GRE, ICMP, TCP, UDP } from "../../../src/net/protocol.ts";
import { readRule } from "../../../src/readers/iptables/rule.ts";
import { splitWords } from "../../../src/readers/iptables/words.ts";
import { address, type Bench, bench, frame, holds, matcher } from "./matches/bench-host.ts";

function run(text: string, skb: Skb, on: Bench = bench()): TargetVerdict {
  const { family } = skb.packet.src;
  const reading = readRule(splitWords(text).words, { family, isChain: () => false, counters: null, origin: 0 });
  expect(reading.problems).toEqual([]);
  const rule = reading.rules[0];
  if (rule?.target?.kind !== "extension") throw new Error(`${text} has no target extension`);
  return compileTarget(rule.target.call, rule, family)(skb, on.runtime, PREROUTING);
}

describe("matches whose outcome nobody can tell", () => {
  it.each([
    "-m cpu --cpu 1",
    "-m realm --realm 0x10",
    "-m bpf --bytecode 1,6",
    "-m socket --transparent",
    "-p tcp -m osf --genre Linux",
    "-m time --timestart 08:00 --timestop 17:00",
    '-m u32 --u32 "0>>22&0x3c@16=1"',
  ])("%s asks, and takes the answer", (text) => {
    for (const answer of [0, 1]) {
      const on = bench({ knowledge: new Map([["sockets", "unknown"]]) });
      on.answer = answer;
      const quoted = text.replace("1,6", '"1,6 0 0 1"');
      expect(holds(quoted, frame(), on)).toBe(answer === 1);
      expect(on.asked.map(({ kind }) => kind)).toEqual(["unknown"]);
    }
  });

  it("give a test and its negation opposite answers to one question", () => {
    const on = bench();
    on.answer = 1;
    const matches = matcher(["-m cpu --cpu 1", "-m cpu ! --cpu 1"]);
    expect([0, 1].map((rule) => matches(on, frame(), rule))).toEqual([true, false]);
    expect(on.asked[0]?.variable).toBe(on.asked[1]?.variable);
  });

  it.each([
    ["-m socket", { protocol: GRE }, false],
    ["-m socket", { protocol: ICMP, icmpType: 8 }, false],
    ["-m cgroup --cgroup 1", {}, false],
    ["-m cgroup ! --cgroup 1", {}, false],
    ["-m helper --helper ftp", {}, false],
    ["-m helper ! --helper ftp", {}, true],
    ["-m connlabel --label 1", {}, false],
    ["-m connlabel ! --label 1", {}, true],
    ["-p tcp -m osf --genre Linux", { flags: 0x10 }, false],
    ["-p esp -m esp --espspi 5", { protocol: TCP }, false],
    ["-m devgroup --src-group 1", {}, false],
  ])("%s is no question for %j", (text, fields, expected) => {
    const on = bench();
    expect(holds(text, frame(fields), on)).toBe(expected);
    expect(on.asked).toEqual([]);
  });

  it("ask one question for the time of day, whatever the packet", () => {
    const on = bench();
    const matches = matcher(["-m time --weekdays Mon"]);
    matches(on, frame());
    matches(on, frame({ dport: 81 }));
    expect(new Set(on.asked.map(({ variable }) => variable)).size).toBe(1);
  });
});

describe("targets that leave packets alone", () => {
  it.each([
    "-j AUDIT --type drop",
    "-j CONNSECMARK --save",
    "-j SECMARK --selctx system_u:object_r:x_t:s0",
    "-j IDLETIMER --timeout 5 --label x",
    "-j LED --led-trigger-id x",
    "-j RATEEST --rateest-name x --rateest-interval 1s --rateest-ewmalog 4s",
    "-j ULOG",
    "-j TEE --gateway 10.0.0.9",
  ])("%s goes on", (text) => {
    const skb = frame();
    const before = structuredClone(skb.packet);
    expect(run(text, skb)).toBe(XT_CONTINUE);
    expect(skb.packet).toEqual(before);
  });
});

describe("targets that change a header (held against Linux 6.18)", () => {
  it("ECN sets the codepoint and the TCP bits", () => {
    const skb = frame({ tos: 0xb9, flags: 0xc2 });
    run("-j ECN --ecn-ip-ect 2", skb);
    expect(skb.packet.tos).toBe(0xba);
    run("-p tcp -j ECN --ecn-tcp-ece 1 --ecn-tcp-cwr 0", skb);
    expect(skb.packet.flags).toBe(0x42);
    run("-p tcp -j ECN --ecn-tcp-remove", skb);
    expect(skb.packet.flags).toBe(0x02);
  });

  it("TCPOPTSTRIP takes the segment size away only when told to", () => {
    const skb = frame({ mss: 1400 });
    run("-p tcp -j TCPOPTSTRIP --strip-options wscale", skb);
    expect(skb.packet.mss).toBe(1400);
    run("-p tcp -j TCPOPTSTRIP --strip-options timestamp,mss", skb);
    expect(skb.packet.mss).toBe(0);
  });
});

describe("targets whose outcome nobody can tell", () => {
  it("TPROXY drops without a transparent socket, else marks and accepts", () => {
    const on = bench();
    const skb = frame();
    expect(run("-p tcp -j TPROXY --on-port 5000 --tproxy-mark 0x1/0x1", skb, on)).toBe(NF_ACCEPT);
    expect(skb.mark).toBe(1);
    on.answer = 1;
    expect(run("-p tcp -j TPROXY --on-port 5000", frame(), on)).toBe(NF_DROP);
  });

  it("SYNPROXY asks about the handshake's packets only", () => {
    const on = bench();
    expect(run("-p tcp -j SYNPROXY", frame({ flags: 0x11 }), on)).toBe(XT_CONTINUE);
    expect(on.asked).toEqual([]);
    on.answer = 1;
    expect(run("-p tcp -j SYNPROXY", frame(), on)).toBe(NF_DROP);
  });

  it("QUEUE asks what the program decides", () => {
    const on = bench();
    expect(run("-j QUEUE", frame(), on)).toBe(NF_QUEUE);
    on.answer = 1;
    expect(run("-j QUEUE", frame(), on)).toBe(NF_STOLEN);
  });
});

describe("the list of known extensions", () => {
  it("has every extension that is modelled, and not what nobody ships", () => {
    const known = (name: string): boolean => isKnownMatch(name, 4) || isKnownMatch(name, 6);
    expect(["hashlimit", "u32", "srh", "rateest", "icmp6"].filter(known)).toHaveLength(5);
    expect(known("fortnight")).toBe(false);
    expect(isKnownMatch("osf", 6)).toBe(false);
    expect(isKnownTarget("CLUSTERIP", 4)).toBe(true);
    expect(isKnownTarget("SNPT", 4)).toBe(false);
    expect(isKnownTarget("ACCEPT", 4)).toBe(false);
  });
});

/** Options of one match with values that fit often enough for something to be compiled. */
const OPTIONS = fc.constantFrom(
  "hashlimit --hashlimit-upto 5/min --hashlimit-name a --hashlimit-mode srcip,dstport",
  "hashlimit --hashlimit-above 5kb/s --hashlimit-burst 9kb --hashlimit-name b",
  "hashlimit --hashlimit-upto 5/sec --hashlimit-rate-match --hashlimit-name c",
  "u32 --u32 0>>22&0x3c@12>>26&0x3c@0=1:9",
  "u32 --u32 0&0xffff@4<<3=0:0xffff,7",
  "string --algo bm --string ab",
  "string --algo kmp --hex-string |0a00| --icase --from 3 --to 40",
  "quota --quota 5000",
  "connbytes --connbytes 5 --connbytes-mode avgpkt --connbytes-dir both",
  "cluster --cluster-total-nodes 3 --cluster-local-node 2 --cluster-hash-seed 5",
  "policy --dir in --pol none",
  "socket --restore-skmark",
);

describe("any packet", () => {
  it("is tested without an exception", () => {
    const packet = fc.record({
      protocol: fc.constantFrom(ICMP, TCP, UDP, ESP, GRE, 0, 255),
      sport: fc.integer({ min: 0, max: 0x1ffff }),
      dport: fc.integer({ min: 0, max: 0xffff }),
      seq: fc.integer({ min: 0, max: 0xffffffff }),
      mss: fc.constantFrom(0, 1460),
      payloadLength: fc.integer({ min: 0, max: 9000 }),
      fragmentOffset: fc.constantFrom(0, 8, 65528),
      moreFragments: fc.boolean(),
      id: fc.constantFrom(0, 7),
    });
    fc.assert(
      fc.property(
        OPTIONS,
        packet,
        fc.constantFrom<Family>(4, 6),
        fc.constantFrom(0, 1),
        (text, fields, family, answer) => {
          const on = bench();
          on.answer = answer;
          const ends = family === 6 ? { src: address("fd00::1"), dst: address("fd00::2") } : {};
          return typeof holds(`-m ${text}`, frame({ ...fields, ...ends }), on, FORWARD) === "boolean";
        },
      ),
      { numRuns: 2000 },
    );
  });
});
