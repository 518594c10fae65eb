import { describe, expect, it } from "vitest";
import { POSTROUTING, PREROUTING } from "../../../../src/linux/netfilter/verdict.ts";
import type { Skb } from "../../../../src/linux/skb.ts";
import { type Interface, networkInterface } from "../../../../src/model/interface.ts";
import type { IpSet, SetElement } from "../../../../src/model/ip-set.ts";
import { parsePrefix } from "../../../../src/net/prefix.ts";
import { address, type Bench, bench, frame, holds } from "./bench-host.ts";

const MAC = "02:00:00:00:00:01";
const OTHER = "02:00:00:00:00:02";
const IS = `-m mac --mac-source ${MAC}`;
const IS_NOT = `-m mac ! --mac-source ${MAC}`;

function from(kind: Interface["kind"], fields: Partial<Interface> = {}, sourceMac = ""): Skb {
  return frame({}, { input: networkInterface({ name: "dev0", kind, ...fields }), sourceMac });
}

/** An ipset of one MAC address, or of one on 10.0.0.1. */
function macs(type: string, ...members: readonly (readonly SetElement[])[]): Bench {
  const made: IpSet = {
    name: "m",
    type,
    family: type === "hash:mac" ? null : 4,
    header: "",
    members: members.map((elements) => ({ elements, nomatch: false, timeout: null, origin: 0 })),
    complete: true,
    origin: 0,
  };
  return bench({ ipSets: new Map([["m", made]]) });
}

function net(text: string): SetElement {
  const prefix = parsePrefix(text);
  if (prefix === null) throw new Error(text);
  return { kind: "net", prefix };
}

const mac: SetElement = { kind: "mac", mac: MAC };

describe("The MAC address of a frame that no dump tells", () => {
  it.each(["physical", "veth", "bridge", "vxlan", "vlan", "bond", "macvlan", "dummy"] as const)(
    "is asked of what comes in by a %s device, by its sender, and negated after that",
    (kind) => {
      for (const answer of [0, 1]) {
        const on = bench();
        on.answer = answer;
        expect(holds(IS, from(kind), on)).toBe(answer === 1);
        expect(holds(IS_NOT, from(kind), on)).toBe(answer === 0);
        const [first, second] = on.asked;
        expect(first).toMatchObject({ kind: "unknown", code: "frame-mac" });
        expect(first?.question).toContain(`the source MAC address of 10.0.0.1 on dev0 ${MAC}`);
        expect(second?.variable).toBe(first?.variable);
      }
    },
  );

  it("is asked where the sender's device was dumped without one", () => {
    const on = bench();
    expect(holds(IS, from("veth", {}, "(n1 eth0)"), on)).toBe(false);
    expect(on.asked[0]?.question).toContain("(n1 eth0)");
  });

  it.each(["loopback", "ipip", "wireguard", "tun"] as const)(
    "is no question on a %s device: no rule matches",
    (kind) => {
      const on = bench();
      expect(holds(IS, from(kind), on)).toBe(false);
      expect(holds(IS_NOT, from(kind), on)).toBe(false);
      expect(on.asked).toEqual([]);
    },
  );

  it("is no question of a packet that this host sends, nor where it is told", () => {
    const on = bench();
    expect(holds(IS_NOT, frame(), on)).toBe(false);
    expect(holds(IS, from("veth", {}, MAC), on)).toBe(true);
    expect(holds(IS_NOT, from("veth", {}, OTHER), on)).toBe(true);
    expect(holds(IS, from("tun", { mac: OTHER }, MAC), on)).toBe(true);
    expect(on.asked).toEqual([]);
  });

  it.each([
    ["other", "gre1"],
    ["tun", "tap0"],
  ] as const)("is asked for after whether there is any, of a %s device without one", (kind, name) => {
    const on = bench();
    expect(holds(IS_NOT, from(kind, { name }), on)).toBe(false);
    expect(on.asked.map(({ question }) => question)).toEqual([`do packets on ${name} have Ethernet headers? (on n)`]);
    on.answer = 1;
    expect(holds(IS_NOT, from(kind, { name }), on)).toBe(false);
    expect(on.asked).toHaveLength(3);
  });

  it("is asked of eui64 where the address can have been made of any", () => {
    const made = { src: address("fe80::200:ff:fe00:1"), dst: address("fe80::1") };
    const on = bench();
    on.answer = 1;
    const input = networkInterface({ name: "eth0" });
    expect(holds("-m eui64", frame({ ...made, src: address("fe80::1") }, { input }), on)).toBe(false);
    expect(on.asked).toEqual([]);
    expect(holds("-m eui64", frame(made, { input }), on)).toBe(true);
    expect(on.asked).toHaveLength(1);
    expect(holds("-m eui64", frame(made, { input, sourceMac: "02:00:00:00:00:01" }), on)).toBe(false);
    expect(holds("-m eui64", frame(made, { input, sourceMac: "00:00:00:00:00:01" }), on)).toBe(true);
  });

  it.each([
    ["physical", "eth0", true],
    ["tun", "tun0", false],
    ["tun", "tap0", true],
    ["other", "gre1", true],
  ] as const)(
    "is missing where eui64 looks for it, in a copy of one's own: on a %s device (%s) it drops: %s",
    (kind, name, drops) => {
      const on = bench();
      on.answer = 1;
      const own = frame(
        { src: address("fe80::1"), dst: address("ff02::1") },
        { input: networkInterface({ name, kind }), loopedBack: true },
      );
      expect(holds("-m eui64", own, on)).toBe(false);
      expect(own.cutShort).toBe(drops);
    },
  );

  it("is asked of a set where a member could have it", () => {
    const on = macs("hash:mac", [mac]);
    on.answer = 1;
    expect(holds("-m set --match-set m src", from("veth"), on)).toBe(true);
    expect(on.asked[0]).toMatchObject({ code: "set-membership" });
    const elsewhere = macs("hash:ip,mac", [net("10.0.0.9"), mac]);
    elsewhere.answer = 1;
    expect(holds("-m set --match-set m src,src", from("veth"), elsewhere)).toBe(false);
    expect(holds("-m set --match-set m src", from("veth"), macs("hash:mac"))).toBe(false);
    expect(elsewhere.asked).toEqual([]);
    expect(holds("-m set --match-set m src", from("wireguard"), on)).toBe(false);
    expect(on.asked).toHaveLength(1);
  });

  it("holds in a bitmap whose address waits for any", () => {
    const on = macs("bitmap:ip,mac", [net("10.0.0.1")]);
    expect(holds("-m set --match-set m src,src", from("veth"), on, PREROUTING)).toBe(true);
    expect(on.asked).toEqual([]);
  });

  it("is still that of the frame in POSTROUTING, for sets", () => {
    const on = macs("bitmap:ip,mac", [net("10.0.0.1"), mac]);
    expect(holds("-m set --match-set m src,src", from("veth", {}, MAC), on, POSTROUTING)).toBe(true);
    expect(holds("-m set --match-set m src,src", from("loopback"), on, POSTROUTING)).toBe(false);
  });
});
