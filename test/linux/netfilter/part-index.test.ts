import fc from "fast-check";
import { expect, test } from "vitest";
import type { IpSet, SetMember } from "../../../src/model/ip-set.ts";
import { findMembersBy } from "../../../src/model/members-at.ts";
import { formatAddress, ipv4 } from "../../../src/net/address.ts";
import { prefixContains, prefixOf } from "../../../src/net/prefix.ts";
import { TCP } from "../../../src/net/protocol.ts";
import { bench, frame, holds } from "./matches/bench-host.ts";

/** Few enough addresses that members meet packets, more than are looked up one by one. */
const address = fc.integer({ min: 0, max: 255 }).map((low) => ipv4(0x0a000000 + low));
const members = fc.array(
  fc.record({
    address,
    length: fc.constantFrom(32, 32, 28, 24),
    port: fc.constantFrom(80, 443),
    nomatch: fc.constantFrom(false, false, true),
  }),
  { maxLength: 40 },
);
const packets = fc.array(fc.record({ src: address, dst: address, dport: fc.constantFrom(80, 443) }), {
  minLength: 100,
  maxLength: 150,
});

function setOf(type: IpSet["type"], list: readonly SetMember[], isFound: boolean, asked: string[]): IpSet {
  const set: IpSet = { name: "s", type, family: 4, header: "", members: list, complete: true, origin: 0 };
  if (isFound) {
    findMembersBy(set, (one) => {
      asked.push(formatAddress(one));
      return list.filter(({ elements: [net] }) => net?.kind === "net" && prefixContains(net.prefix, one));
    });
  }
  return set;
}

test("a packet is in a set whose members are found by address exactly when it is in the whole set", () => {
  fc.assert(
    fc.property(
      members,
      packets,
      fc.constantFrom(["hash:net", "src"], ["hash:net", "dst"], ["hash:ip,port", "dst,dst"]),
      (drawn, sent, [type, sides]) => {
        const ports = type === "hash:ip,port";
        const list = drawn.map(({ address, length, port, nomatch }): SetMember => {
          const net = { kind: "net", prefix: prefixOf(address, ports ? 32 : length) } as const;
          const withPort = [net, { kind: "port", protocol: TCP, first: port, last: port } as const];
          return { elements: ports ? withPort : [net], nomatch: nomatch && !ports, timeout: null, origin: 0 };
        });
        const asked: string[] = [];
        const [found, whole] = [true, false].map((isFound) => {
          const set = setOf(type ?? "", list, isFound, asked);
          const on = bench({ ipSets: new Map([["s", set]]) });
          return sent.map((packet) => holds(`-m set --match-set s ${sides}`, frame(packet), on));
        });
        expect(found).toEqual(whole);
        // each address once, and no longer when the whole set is cheaper
        expect(new Set(asked).size).toBe(asked.length);
        expect(asked.length).toBeLessThanOrEqual(64);
      },
    ),
  );
});
