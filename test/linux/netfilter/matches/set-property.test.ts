import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { freeValue } from "../../../../src/linux/free-value.ts";
import { PREROUTING } from "../../../../src/linux/netfilter/verdict.ts";
import type { Skb } from "../../../../src/linux/skb.ts";
import { networkInterface } from "../../../../src/model/interface.ts";
import type { IpSet, SetElement, SetMember } from "../../../../src/model/ip-set.ts";
import { type Address, compareAddresses, type Family, ipv4, ipv6 } from "../../../../src/net/address.ts";
import { hostPrefix, prefixContains, prefixOf } from "../../../../src/net/prefix.ts";
import { ICMP, TCP, UDP } from "../../../../src/net/protocol.ts";
import { bench, frame, matcher } from "./bench-host.ts";

/**
 * A set by the book: every member is tried, those of the longest prefixes first, and the first that holds the packet
 * decides. Nothing is shared with the index.
 */
function naive(set: IpSet, sides: readonly string[], skb: Skb, now: number): boolean {
  const { packet } = skb;
  const holdsElement = (element: SetElement | undefined, side: string | undefined): boolean => {
    const source = side === "src";
    const address = source ? packet.src : packet.dst;
    const port =
      packet.protocol === ICMP ? packet.icmpType * 256 + packet.icmpCode : source ? packet.sport : packet.dport;
    switch (element?.kind) {
      case "net":
        return prefixContains(element.prefix, address);
      case "range":
        return compareAddresses(element.first, address) <= 0 && compareAddresses(address, element.last) <= 0;
      case "port":
        if (set.type === "bitmap:port")
          return packet.protocol !== ICMP && port >= element.first && port <= element.last;
        return element.protocol === packet.protocol && port >= element.first && port <= element.last;
      case "icmp":
        return packet.protocol === ICMP && element.type === packet.icmpType && element.code === packet.icmpCode;
      case "mac":
        return element.mac === (source ? skb.sourceMac : skb.destinationMac);
      case "interface":
        return element.name === (source ? skb.input : skb.output)?.name;
      case "mark":
        return element.mark === skb.mark;
      default:
        return set.type === "bitmap:ip,mac";
    }
  };
  const kinds = set.type.replace(/.*:/, "").split(",");
  const lengths = (member: SetMember): number[] =>
    member.elements.flatMap((element) => (element.kind === "net" ? [element.prefix.length] : []));
  const longestFirst = (x: SetMember, y: SetMember): number => {
    const [a, b] = [lengths(x), lengths(y)];
    return (b[0] ?? 0) - (a[0] ?? 0) || (b[1] ?? 0) - (a[1] ?? 0);
  };
  if (set.type === "hash:ip" && skb.packet.src.a === 0 && skb.packet.src.d === 0 && sides[0] === "src") return false;
  const living = set.members.filter(({ timeout }) => timeout === null || timeout === 0 || now <= timeout);
  const found = living.sort(longestFirst).find((member) => {
    return kinds.every((_, at) => holdsElement(member.elements[at], sides[at]));
  });
  return found !== undefined && !found.nomatch;
}

/** Few values of each, so that packets meet members. */
const smallAddress = (family: Family): fc.Arbitrary<Address> =>
  family === 4
    ? fc.integer({ min: 0, max: 15 }).map((n) => ipv4(n < 8 ? 0x0a000000 + n : 0x0a000000 + n * 0x1000000 + n))
    : fc.integer({ min: 0, max: 15 }).map((n) => ipv6(0xfd000000, n >> 3, n >> 1, n));
const name = fc.constantFrom("eth0", "eth1", "cali1");
const mac = fc.constantFrom("02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03");
const protocol = fc.constantFrom(TCP, UDP, ICMP);

function element(kind: string, type: string, family: Family): fc.Arbitrary<SetElement> {
  switch (kind) {
    case "ip":
      return smallAddress(family).map((address): SetElement => ({ kind: "net", prefix: hostPrefix(address) }));
    case "net": {
      const lengths = family === 4 ? [1, 8, 24, 29, 30, 31, 32] : [1, 16, 64, 96, 124, 126, 127, 128];
      return fc
        .tuple(smallAddress(family), fc.constantFrom(...lengths))
        .map(([address, length]): SetElement => ({ kind: "net", prefix: prefixOf(address, length) }));
    }
    case "port":
      if (type === "bitmap:port") {
        return fc
          .tuple(fc.nat(9), fc.nat(3))
          .map(([first, more]): SetElement => ({ kind: "port", protocol: null, first, last: first + more }));
      }
      return fc.oneof(
        fc
          .tuple(fc.constantFrom(TCP, UDP), fc.nat(9))
          .map(([number, port]): SetElement => ({ kind: "port", protocol: number, first: port, last: port })),
        fc.nat(2).map((code): SetElement => ({ kind: "icmp", protocol: ICMP, type: 8, code })),
      );
    case "mac":
      return mac.map((text): SetElement => ({ kind: "mac", mac: text }));
    case "iface":
      return name.map((text): SetElement => ({ kind: "interface", name: text, physdev: false }));
    default:
      return fc.nat(3).map((mark): SetElement => ({ kind: "mark", mark }));
  }
}

function memberOf(type: string, family: Family): fc.Arbitrary<SetMember> {
  const kinds = type.replace(/.*:/, "").split(",");
  return fc
    .record({
      elements: fc.tuple(...kinds.map((kind) => element(kind, type, family))),
      nomatch: kinds.includes("net") ? fc.boolean() : fc.constant(false),
      timeout: fc.constantFrom(null, null, 0, 5, 20),
    })
    .map(({ elements, ...rest }) => ({ ...rest, elements, origin: 0 }));
}

const TYPES = [
  "hash:ip",
  "hash:net",
  "hash:mac",
  "hash:ip,port",
  "hash:net,port",
  "hash:net,net",
  "hash:ip,port,ip",
  "hash:ip,port,net",
  "hash:net,port,net",
  "hash:ip,mac",
  "hash:ip,mark",
  "bitmap:ip",
  "bitmap:ip,mac",
  "bitmap:port",
];

const setOf = fc.tuple(fc.constantFrom(...TYPES), fc.constantFrom<Family>(4, 6)).chain(([type, wanted]) => {
  const family: Family = type.startsWith("bitmap") ? 4 : wanted;
  const elementKey = (member: SetMember): string => JSON.stringify(member.elements);
  return fc
    .uniqueArray(memberOf(type, family), { selector: elementKey, maxLength: 12 })
    .map((members): { family: Family; set: IpSet } => ({
      family,
      set: { name: "s", type, family, header: "", members, complete: true, origin: 0 },
    }));
});

function packets(family: Family): fc.Arbitrary<Skb> {
  return fc
    .record({
      src: smallAddress(family),
      dst: smallAddress(family),
      protocol,
      sport: fc.nat(12),
      dport: fc.nat(12),
      icmpCode: fc.nat(3),
      mark: fc.nat(4),
      input: name,
      output: name,
      sourceMac: mac,
      destinationMac: mac,
    })
    .map(({ mark, input, output, sourceMac, destinationMac, ...fields }) =>
      frame(
        { ...fields, icmpType: 8 },
        {
          mark,
          input: networkInterface({ name: input }),
          output: networkInterface({ name: output }),
          sourceMac,
          destinationMac,
        },
      ),
    );
}

describe("The index of a set", () => {
  it("answers as a search through all its members does", () => {
    const question = setOf.chain(({ family, set }) =>
      fc.tuple(
        fc.constant(set),
        fc.array(fc.constantFrom("src", "dst"), { minLength: 3, maxLength: 3 }),
        fc.array(packets(family), { minLength: 1, maxLength: 8 }),
        fc.constantFrom(0, 5, 6, 30),
      ),
    );
    fc.assert(
      fc.property(question, ([set, sides, skbs, now]) => {
        const on = bench({ ipSets: new Map([["s", set]]) });
        on.world.now = now;
        const matches = matcher([`-m set --match-set s ${sides.join(",")}`], set.family ?? 4);
        for (const skb of skbs) expect(matches(on, skb, 0, PREROUTING)).toBe(naive(set, sides, skb, now));
      }),
      { numRuns: 4000 },
    );
  });

  it("treats an address range as its addresses", () => {
    const range = fc.tuple(fc.nat(40), fc.nat(40)).map(([x, y]) => [Math.min(x, y), Math.max(x, y)] as const);
    fc.assert(
      fc.property(fc.array(range, { maxLength: 4 }), fc.nat(45), (ranges, at) => {
        const members = ranges.map(([first, last]) => ({
          elements: [{ kind: "range" as const, first: ipv4(100 + first), last: ipv4(100 + last) }],
          nomatch: false,
          timeout: null,
          origin: 0,
        }));
        const set = { name: "s", type: "hash:ip", family: 4 as const, header: "", members, complete: true, origin: 0 };
        const on = bench({ ipSets: new Map([["s", set]]) });
        const expected = ranges.some(([first, last]) => at >= first && at <= last);
        expect(matcher(["-m set --match-set s src"])(on, frame({ src: ipv4(100 + at) }))).toBe(expected);
      }),
    );
  });

  it("answers for a port nobody has chosen as for each port it may be", () => {
    const question = fc.tuple(
      fc.uniqueArray(memberOf("hash:net,port", 4), { selector: (m) => JSON.stringify(m.elements), maxLength: 10 }),
      packets(4),
      fc.nat(12),
      fc.nat(1),
    );
    fc.assert(
      fc.property(question, ([members, skb, port, answer]) => {
        const set: IpSet = {
          name: "s",
          type: "hash:net,port",
          family: 4,
          header: "",
          members,
          complete: true,
          origin: 0,
        };
        const on = bench({ ipSets: new Map([["s", set]]) });
        on.answer = answer;
        skb.packet.protocol = TCP;
        const { freeValues, choose } = on.runtime.services;
        const domain = [{ first: port, last: port + 4 }];
        skb.packet.dport = freeValue(freeValues, domain);
        const held = matcher(["-m set --match-set s dst,dst"])(on, skb);
        const answers = [0, 1, 2, 3, 4].map((more) => {
          const chosen = frame({ ...skb.packet, dport: port + more });
          return naive(set, ["dst", "dst"], chosen, 0);
        });
        const open = answers.includes(true) && answers.includes(false);
        expect(on.asked.length).toBe(open ? 1 : 0);
        if (!open) expect(held).toBe(answers[0]);
        else {
          const share = answers.filter((value) => value).length / 5;
          expect(on.asked[0]?.alternatives[0]?.probability).toBeCloseTo(share);
          expect(held).toBe(answer === 0);
        }
        expect(choose).toBeDefined();
      }),
      { numRuns: 2000 },
    );
  });
});
