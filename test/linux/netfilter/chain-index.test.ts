import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createWorld, runtimeOf } from "../../../src/emulator/world.ts";
import { freeValue } from "../../../src/linux/free-value.ts";
import { bindTable } from "../../../src/linux/netfilter/bind.ts";
import type { Indexing } from "../../../src/linux/netfilter/chain-index.ts";
import { programOf } from "../../../src/linux/netfilter/program.ts";
import { traverse } from "../../../src/linux/netfilter/traverse.ts";
import { FORWARD } from "../../../src/linux/netfilter/verdict.ts";
import type { Observer } from "../../../src/linux/observer.ts";
import { UNKNOWN_INTERFACE } from "../../../src/linux/routing/unknown-route.ts";
import type { RuleCounters } from "../../../src/linux/runtime.ts";
import { CT_ESTABLISHED, CT_INVALID, CT_NEW, CT_NONE, skb } from "../../../src/linux/skb.ts";
import { host } from "../../../src/model/host.ts";
import { networkInterface } from "../../../src/model/interface.ts";
import { network } from "../../../src/model/network.ts";
import { originTable } from "../../../src/model/origin.ts";
import type { Table } from "../../../src/model/ruleset.ts";
import { type Address, parseAddress } from "../../../src/net/address.ts";
import { packet } from "../../../src/net/packet.ts";
import { GRE, ICMP, TCP, UDP } from "../../../src/net/protocol.ts";
import { readIptablesSave } from "../../../src/readers/iptables/save.ts";

type Family = 4 | 6;

/** Few values, so that rules and packets meet; prefixes that lie within each other. */
const ADDRESSES = {
  4: ["10.0.0.1", "10.0.0.2", "10.0.1.1", "10.1.0.1", "192.168.7.9", "200.0.0.1"],
  6: ["fd00::1", "fd00::2", "fd00:0:0:1::1", "fd00:1::1", "2001:db8::9", "ff02::1"],
} as const;
const LENGTHS = { 4: [0, 1, 8, 16, 24, 31, 32], 6: [0, 1, 16, 48, 64, 127, 128] } as const;
const DEVICES = ["eth0", "eth1", "cali12", "cali123", "lo"] as const;
const PORTS = [0, 22, 79, 80, 81, 1023, 1024, 40000, 65535] as const;
const CHAINS = ["one", "two", "three"] as const;

const someAddress = (family: Family) => fc.constantFrom(...ADDRESSES[family]);
const not = fc.constantFrom("", "", "", "! ");

function selector(family: Family): fc.Arbitrary<string> {
  const block = fc.tuple(someAddress(family), fc.constantFrom(...LENGTHS[family])).map(([a, l]) => `${a}/${l}`);
  const holed = family === 4 ? fc.constantFrom("10.0.0.1/255.0.0.255") : fc.constantFrom("fd00::1/ffff::ffff");
  return fc.oneof(
    fc
      .tuple(not, fc.constantFrom("-s", "-d"), fc.oneof({ weight: 8, arbitrary: block }, holed))
      .map((words) => words.join(" ")),
    fc
      .tuple(not, fc.constantFrom("-i", "-o"), fc.constantFrom("eth0", "cali12", "cali+", "eth+", "+", "none"))
      .map((words) => words.join(" ")),
  );
}

const somePorts = fc.oneof(
  fc.constantFrom(...PORTS).map(String),
  fc.tuple(fc.constantFrom(...PORTS), fc.constantFrom(...PORTS)).map(([x, y]) => `${Math.min(x, y)}:${Math.max(x, y)}`),
);

/** Tests of ports need a protocol; `-m statistic`, `limit` and `string` remember, draw or ask. */
function tests(family: Family): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constant(""),
    fc
      .tuple(fc.constantFrom("tcp", "udp"), not, fc.constantFrom("--sport", "--dport"), somePorts)
      .map(([protocol, invert, option, ports]) => `-p ${protocol} -m ${protocol} ${invert}${option} ${ports}`),
    fc
      .tuple(fc.constantFrom("tcp", "udp"), somePorts, somePorts)
      .map(([protocol, sport, dport]) => `-p ${protocol} -m ${protocol} --sport ${sport} --dport ${dport}`),
    fc.constantFrom(
      "-p gre",
      "! -p tcp",
      family === 4 ? "-p icmp -m icmp --icmp-type 8" : "-p ipv6-icmp -m icmp6 --icmpv6-type 128",
      "-p tcp -m multiport --dports 22,80:81",
      "-p tcp -m string --string GET --algo bm -m tcp --dport 80",
      "-m mark --mark 0x1/0x1",
      "-m mark ! --mark 0x2/0x2",
      "-m conntrack --ctstate NEW,INVALID",
      "-m statistic --mode random --probability 0.5",
      "-m statistic --mode nth --every 2 --packet 0",
      "-m limit --limit 1/second --limit-burst 2",
      "-m comment --comment text",
      `-m set --match-set ${family === 4 ? "absent4" : "absent6"} src`,
    ),
  );
}

const targets = fc.constantFrom(
  "-j ACCEPT",
  "-j DROP",
  "-j RETURN",
  "-j LOG",
  "",
  "-j MARK --set-xmark 0x1/0x1",
  "-j MARK --set-xmark 0x2/0x2",
  ...CHAINS.map((chain) => `-j ${chain}`),
  ...CHAINS.map((chain) => `-g ${chain}`),
);

interface RuleText {
  readonly chain: string;
  readonly words: string;
  readonly target: string;
}

function someRule(family: Family): fc.Arbitrary<RuleText> {
  const target = fc.oneof({ weight: 3, arbitrary: targets }, fc.constantFrom("", "-j LOG", "-j one"));
  const prefixTarget = fc.constantFrom("-j SNPT --src-pfx fd00::/64 --dst-pfx fd00:1::/64");
  return fc.record({
    chain: fc.constantFrom("FORWARD", "FORWARD", "FORWARD", ...CHAINS),
    words: fc
      .tuple(fc.array(selector(family), { maxLength: 2 }), tests(family))
      .map(([first, second]) => [...first, second].join(" ")),
    target: family === 6 ? fc.oneof({ weight: 12, arbitrary: target }, prefixTarget) : target,
  });
}

/** Jumps lead only to chains further on: the kernel refuses loops. */
function tableOf(rules: readonly RuleText[], policy: string, family: Family): Table | null {
  const order = ["FORWARD", ...CHAINS];
  const lines = rules.flatMap(({ chain, words, target }) => {
    const aim = order.findIndex((name) => target === `-j ${name}` || target === `-g ${name}`);
    if (aim >= 0 && aim <= order.indexOf(chain)) return [];
    return [`-A ${chain} ${words} ${target}`.replaceAll(/ +/g, " ")];
  });
  // Prefix translation is refused in FORWARD: then the walk is one of POSTROUTING.
  const hook = rules.some(({ target }) => target.includes("-j SNPT")) ? "POSTROUTING" : "FORWARD";
  const heads = ["*mangle", `:FORWARD ${policy} [0:0]`, ...CHAINS.map((chain) => `:${chain} - [0:0]`)];
  const text = [...heads, ...lines, "COMMIT", ""].join("\n").replaceAll("FORWARD", hook);
  const { rulesets } = readIptablesSave({ text, file: "rules", family, backend: "legacy" }, originTable());
  return rulesets[0]?.tables.get("mangle") ?? null;
}

function somePacket(family: Family) {
  return fc.record({
    src: someAddress(family),
    dst: someAddress(family),
    protocol: fc.constantFrom(TCP, UDP, ICMP, GRE),
    sport: fc.constantFrom(...PORTS, "free" as const),
    dport: fc.constantFrom(...PORTS, ...PORTS, "free" as const),
    fragmentOffset: fc.constantFrom(0, 0, 0, 0, 8),
    input: fc.constantFrom(...DEVICES, null),
    output: fc.constantFrom(...DEVICES, UNKNOWN_INTERFACE, null),
    mark: fc.integer({ min: 0, max: 3 }),
    ctState: fc.constantFrom(CT_NONE, CT_NEW, CT_ESTABLISHED, CT_INVALID),
  });
}

type PacketFields = ReturnType<typeof somePacket> extends fc.Arbitrary<infer T> ? T : never;

function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === null) throw new Error(text);
  return parsed;
}

/** Everything that can be told of a walk: verdicts, what an observer and the counters hear, what was asked. */
function walk(
  table: Table,
  family: Family,
  packets: readonly PacketFields[],
  indexing: Indexing,
  listening: boolean,
): readonly string[] {
  const said: string[] = [];
  const observer: Observer = {
    step(step) {
      if (step.kind === "rule") said.push(`rule ${step.chain.program.chain.name} ${step.rule} ${step.verdict}`);
      else if (step.kind === "policy" || step.kind === "return")
        said.push(`${step.kind} ${step.chain.program.chain.name}`);
    },
    evaluated: (_, __, chain, rule) => said.push(`tried ${chain.program.chain.name} ${rule}`),
  };
  const counters: RuleCounters = {
    count: (chain, rule) => said.push(`count ${chain.program.chain.name} ${rule}`),
    countPolicy: (chain) => said.push(`count ${chain.program.chain.name}`),
  };
  const net = network({ hosts: new Map([["n", host({ name: "n", knowledge: new Map([["sets", "unknown"]]) })]]) });
  let asked = 0;
  const world = createWorld(net, {
    choose: (choice) => {
      said.push(`asked ${choice.variable}`);
      asked = (asked * 7 + 3) % 11;
      return asked % choice.alternatives.length;
    },
    observer: listening ? observer : null,
    counters: () => counters,
    indexing,
  });
  const runtime = runtimeOf(world, "n");
  const { hooks } = bindTable(table, family, "legacy");
  const chain = hooks.FORWARD ?? hooks.POSTROUTING;
  if (runtime === null || chain === undefined) throw new Error("no chain");
  const device = (name: string | null) => (name === null ? null : networkInterface({ name }));
  for (const fields of packets) {
    const port = (value: number | "free"): number =>
      value === "free" ? freeValue(world.services.freeValues, [{ first: 1024, last: 65535 }]) : value;
    const ports = fields.protocol === TCP || fields.protocol === UDP;
    const content = packet({
      src: address(fields.src),
      dst: address(fields.dst),
      protocol: fields.protocol,
      sport: ports ? port(fields.sport) : 0,
      dport: ports ? port(fields.dport) : 0,
      fragmentOffset: fields.fragmentOffset,
    });
    const frame = skb(content, 0);
    frame.input = device(fields.input);
    frame.output = device(fields.output);
    frame.mark = fields.mark;
    frame.ctState = fields.ctState;
    const verdict = traverse(chain, frame, runtime, FORWARD);
    const decided = `${frame.verdictChain?.program.chain.name} ${frame.verdictRule}`;
    said.push(`verdict ${verdict} by ${decided} mark ${frame.mark}`);
  }
  return said;
}

describe("a chain walked by its index", () => {
  for (const family of [4, 6] as const) {
    for (const listening of [true, false]) {
      const heard = listening ? "an observer hears the same" : "counters count the same";
      it(`matches the same IPv${family} rules in the same order, asks the same, and ${heard}`, () => {
        fc.assert(
          fc.property(
            fc.array(someRule(family), { minLength: 1, maxLength: 60 }),
            fc.constantFrom("ACCEPT", "DROP"),
            fc.array(somePacket(family), { minLength: 1, maxLength: 12 }),
            (rules, policy, packets) => {
              const table = tableOf(rules, policy, family);
              if (table === null) return;
              const naive = walk(table, family, packets, "never", listening);
              expect(walk(table, family, packets, "always", listening)).toEqual(naive);
            },
          ),
          { numRuns: 300 },
        );
      });
    }
  }

  it("goes on rule by rule where a target rewrites the packet in the middle of the walk", () => {
    const rules: RuleText[] = [
      { chain: "FORWARD", words: "", target: "-j one" },
      { chain: "FORWARD", words: "-s fd00::/48", target: "-j ACCEPT" },
      { chain: "FORWARD", words: "-s fd00:1::/48", target: "-j DROP" },
      { chain: "one", words: "-s fd00::/48", target: "-j SNPT --src-pfx fd00::/64 --dst-pfx fd00:1::/64" },
      { chain: "one", words: "-s fd00:1::/48", target: "-j LOG" },
      { chain: "one", words: "-s fd00::/48", target: "-j ACCEPT" },
    ];
    const table = tableOf(rules, "ACCEPT", 6);
    if (table === null) throw new Error("no table");
    const content: PacketFields = {
      src: "fd00::1",
      dst: "2001:db8::9",
      protocol: GRE,
      sport: 0,
      dport: 0,
      fragmentOffset: 0,
      input: "eth0",
      output: "eth1",
      mark: 0,
      ctState: CT_NEW,
    };
    const said = walk(table, 6, [content], "always", false);
    expect(said).toEqual([
      "count POSTROUTING 0",
      "count one 0",
      "count one 1",
      "count POSTROUTING 2",
      "verdict 0 by POSTROUTING 2 mark 0",
    ]);
    expect(said).toEqual(walk(table, 6, [content], "never", false));
  });
});

/** A rule that begins with a whole address, which few packets have, or a part of one. */
const leadingRule: fc.Arbitrary<RuleText> = fc.record({
  chain: fc.constantFrom("FORWARD", "FORWARD", "FORWARD", "FORWARD", "one"),
  words: fc
    .tuple(
      fc.oneof({ weight: 12, arbitrary: fc.constant("") }, fc.constant("! ")),
      fc.constantFrom("-s", "-d", "-d"),
      fc.oneof(
        { weight: 4, arbitrary: fc.integer({ min: 1, max: 250 }).map((last) => `10.9.9.${last}`) },
        someAddress(4),
      ),
      fc.oneof({ weight: 12, arbitrary: fc.constant("") }, fc.constantFrom("/24", "/8")),
      fc.constantFrom("", "", "-p tcp -m tcp --dport 80", "-m statistic --mode nth --every 2 --packet 0"),
    )
    .map(([invert, option, first, length, rest]) => `${invert}${option} ${first}${length} ${rest}`),
  target: fc.constantFrom("", "", "-j LOG", "-j one", "-j ACCEPT", "-j MARK --set-xmark 0x1/0x1"),
});

describe("a long chain walked by the addresses that its rules begin with", () => {
  it("matches the same rules in the same order, asks the same, and counters count the same", () => {
    let lookedUp = 0;
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 12, arbitrary: leadingRule }, someRule(4)), {
          minLength: 340,
          maxLength: 420,
          size: "max",
        }),
        fc.array(somePacket(4), { minLength: 4, maxLength: 12 }),
        (rules, packets) => {
          const table = tableOf(rules, "ACCEPT", 4);
          const chain = table?.chains.get("FORWARD");
          if (table === null || chain === undefined) return;
          const naive = walk(table, 4, packets, "never", false);
          expect(programOf(chain, 4, "legacy").leading).toBeUndefined();
          expect(walk(table, 4, packets, "adaptive", false)).toEqual(naive);
          if ((programOf(chain, 4, "legacy").leading ?? null) !== null) lookedUp++;
        },
      ),
      { numRuns: 60 },
    );
    expect(lookedUp).toBeGreaterThan(50);
  });
});
