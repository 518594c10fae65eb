import { describe, expect, it } from "vitest";
import { OUTPUT, PREROUTING } from "../../../../src/linux/netfilter/verdict.ts";
import { networkInterface } from "../../../../src/model/interface.ts";
import type { IpSet, SetElement, SetMember } from "../../../../src/model/ip-set.ts";
import { parsePrefix } from "../../../../src/net/prefix.ts";
import { ICMP } from "../../../../src/net/protocol.ts";
import { address, type Bench, bench, frame, holds } from "./bench-host.ts";

function net(text: string): SetElement {
  const prefix = parsePrefix(text);
  if (prefix === null) throw new Error(text);
  return { kind: "net", prefix };
}

function member(elements: readonly SetElement[], rest: Partial<SetMember> = {}): SetMember {
  return { elements, nomatch: false, timeout: null, origin: 0, ...rest };
}

function set(name: string, type: string, members: readonly SetMember[], rest: Partial<IpSet> = {}): IpSet {
  const family = /port$|list/.test(type) && type.startsWith("bitmap") ? null : 4;
  return { name, type, family, header: "", members, complete: true, origin: 0, ...rest };
}

function withSets(...sets: readonly IpSet[]): Bench {
  return bench({ ipSets: new Map(sets.map((item) => [item.name, item])) });
}

const ping = frame(
  { src: address("127.0.0.1"), dst: address("127.0.0.1"), protocol: ICMP, icmpType: 8 },
  { output: networkInterface({ name: "lo" }) },
);

/** The same sets, rules and ping as were tried on a Linux 6.18 kernel. */
describe("Sets on a ping to 127.0.0.1 in OUTPUT, as the kernel answers", () => {
  const icmp: SetElement = { kind: "icmp", protocol: ICMP, type: 8, code: 0 };
  const iface = (name: string): SetElement => ({ kind: "interface", name, physdev: false });
  const on = withSets(
    set("ni", "hash:net,iface", [member([net("127.0.0.0/8"), iface("eth9")]), member([net("0.0.0.0/1"), iface("lo")])]),
    set("ni2", "hash:net,iface", [member([net("0.0.0.0/1"), iface("lo")])]),
    set("nm", "hash:net", [member([net("127.0.0.0/8")]), member([net("127.0.0.0/16")], { nomatch: true })]),
    set("lst", "list:set", [member([{ kind: "set", name: "nm" }])]),
    set("ipm", "bitmap:ip,mac", [member([net("127.0.0.1")])]),
    set("bp", "bitmap:port", [member([{ kind: "port", protocol: null, first: 2048, last: 2048 }])]),
    set("hip", "hash:ip,port", [member([net("127.0.0.1"), icmp])]),
    set("hm", "hash:ip", [member([net("127.0.0.0")])], { header: "hashsize 1024 maxelem 65536 netmask 24" }),
  );
  it.each([
    ["ni src,src", false],
    ["ni dst,dst", false],
    ["ni2 dst,dst", true],
    ["ni2 dst,src", false],
    ["nm dst", false],
    ["lst dst", false],
    ["nm dst --return-nomatch", true],
    ["lst dst --return-nomatch", true],
    ["ipm dst,src", false],
    ["ipm dst,dst", false],
    ["bp dst", false],
    ["hip dst,dst", true],
    ["hip src,src", true],
    ["hip dst", false],
    ["hm dst", true],
    ["hm dst,src", true],
  ])("--match-set %s: %s", (text, expected) => {
    expect(holds(`-m set --match-set ${text}`, ping, on, OUTPUT)).toBe(expected);
    expect(on.asked).toHaveLength(0);
  });
});

describe("-m set", () => {
  it("lets the longest prefix decide, and negates what comes out", () => {
    const on = withSets(
      set("n", "hash:net", [
        member([net("10.0.0.0/8")]),
        member([net("10.0.0.0/24")], { nomatch: true }),
        member([net("10.0.0.1")]),
      ]),
    );
    const from = (text: string) => frame({ src: address(text) });
    expect(holds("-m set --match-set n src", from("10.0.0.1"), on)).toBe(true);
    expect(holds("-m set --match-set n src", from("10.0.0.9"), on)).toBe(false);
    expect(holds("-m set ! --match-set n src", from("10.0.0.9"), on)).toBe(true);
    expect(holds("-m set --match-set n src", from("10.9.0.9"), on)).toBe(true);
    expect(holds("-m set --match-set n src --return-nomatch", from("10.0.0.9"), on)).toBe(true);
  });

  it("lets members go when their time is over", () => {
    const on = withSets(set("n", "hash:net", [member([net("10.0.0.0/24")], { timeout: 30 })]));
    expect(holds("-m set --match-set n src", frame(), on)).toBe(true);
    on.world.now = 31;
    expect(holds("-m set --match-set n src", frame(), on)).toBe(false);
  });

  it("holds no packet of the other family", () => {
    const six = frame({ src: address("fd00::1"), dst: address("fd00::2") });
    expect(
      holds("-m set ! --match-set n src", six, withSets(set("n", "hash:net", [member([net("10.0.0.0/8")])]))),
    ).toBe(true);
  });

  it("fills the MAC address of a bitmap:ip,mac member from any frame that arrived", () => {
    const on = withSets(set("m", "bitmap:ip,mac", [member([net("10.0.0.1")])]));
    const arrived = frame({}, { sourceMac: "02:00:00:00:00:01", input: networkInterface({ name: "eth0" }) });
    expect(holds("-m set --match-set m src,src", frame(), on, OUTPUT)).toBe(false);
    expect(holds("-m set --match-set m src,src", arrived, on, PREROUTING)).toBe(true);
  });

  it("asks, by set and address, where the set is not there, incomplete or of an unknown type", () => {
    for (const sets of [
      [],
      [set("n", "hash:net", [], { complete: false })],
      [set("n", "hash:future", [])],
      [set("n", "list:set", [member([{ kind: "set", name: "gone" }])])],
    ]) {
      const on = withSets(...sets);
      on.answer = 1;
      expect(holds("-m set --match-set n src", frame(), on)).toBe(true);
      expect(holds("-m set ! --match-set n src", frame(), on)).toBe(false);
      const [first, second] = on.asked;
      expect(first).toMatchObject({ kind: "unknown", code: "set-membership", command: "ipset save" });
      expect(first?.variable).toContain("10.0.0.1");
      expect(second?.variable).toBe(first?.variable);
    }
  });

  it("does not ask where an incomplete set of addresses is known to hold the packet", () => {
    const on = withSets(set("n", "hash:ip", [member([net("10.0.0.1")])], { complete: false }));
    expect(holds("-m set --match-set n src", frame(), on)).toBe(true);
    expect(on.asked).toHaveLength(0);
  });

  it("asks for counters only where the set counts", () => {
    const counting = withSets(set("n", "hash:ip", [member([net("10.0.0.1")])], { header: "maxelem 9 counters" }));
    holds("-m set --match-set n src --packets-gt 5", frame(), counting);
    expect(counting.asked).toHaveLength(1);
    const plain = withSets(set("n", "hash:ip", [member([net("10.0.0.1")])]));
    expect(holds("-m set --match-set n src --packets-gt 5", frame(), plain)).toBe(true);
    expect(plain.asked).toHaveLength(0);
  });
});
