import fc from "fast-check";
import type { Capability } from "../../../src/bgp/messages/capability.ts";
import type { Message, UpdateMessage, WireForm } from "../../../src/bgp/messages/message.ts";
import { type Nlri, type PathAttributes, pathAttributes } from "../../../src/bgp/messages/path-attributes.ts";
import { ipv4, ipv6 } from "../../../src/net/address.ts";
import { prefixOf } from "../../../src/net/prefix.ts";

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const octets = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });
const address4 = fc.integer({ min: 1, max: 0xffffffff }).map(ipv4);
/** None of a group or for all, which BIRD does not take. */
const hop4 = address4.filter(({ a }) => a >>> 28 !== 0xe && a !== 0xffffffff);
const address6 = fc.tuple(u32, u32, u32, u32).map(([a, b, c, d]) => ipv6(a, b, c, d));

export const anyForm: fc.Arbitrary<WireForm> = fc.record({
  as4: fc.boolean(),
  addPath4: fc.boolean(),
  addPath6: fc.boolean(),
  internal: fc.boolean(),
});

const families = fc.record({ afi: u16, safi: u8 });
const UNKNOWN_CODES = [3, 4, 9, 66, 73, 128];

const anyCapability: fc.Arbitrary<Capability> = fc.oneof(
  families.map((family) => ({ kind: "multiprotocol" as const, ...family })),
  fc.constantFrom<Capability>({ kind: "route-refresh" }, { kind: "extended-message" }, { kind: "enhanced-refresh" }),
  fc.record({
    kind: fc.constant("graceful-restart" as const),
    flags: fc.integer({ min: 0, max: 15 }),
    time: fc.integer({ min: 0, max: 4095 }),
    families: fc.array(fc.record({ afi: u16, safi: u8, flags: u8 }), { maxLength: 3 }),
  }),
  u32.map((as) => ({ kind: "as4" as const, as })),
  fc.record({
    kind: fc.constant("extended-next-hop" as const),
    families: fc.array(fc.record({ afi: u16, safi: u16, nextHopAfi: u16 }), { maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant("add-path" as const),
    families: fc.array(fc.record({ afi: u16, safi: u8, mode: u8 }), { maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant("long-lived-graceful-restart" as const),
    families: fc.array(fc.record({ afi: u16, safi: u8, flags: u8, time: fc.integer({ min: 0, max: 0xffffff }) }), {
      maxLength: 3,
    }),
  }),
  fc.record({
    kind: fc.constant("unknown" as const),
    code: fc.constantFrom(...UNKNOWN_CODES),
    value: octets(8),
  }),
);

function anyNlri(family: 4 | 6, addPath: boolean): fc.Arbitrary<Nlri> {
  const prefix =
    family === 4
      ? fc.tuple(u32.map(ipv4), fc.integer({ min: 0, max: 32 })).map(([address, length]) => prefixOf(address, length))
      : fc.tuple(address6, fc.integer({ min: 0, max: 128 })).map(([address, length]) => prefixOf(address, length));
  return fc.record({ prefix, pathId: addPath ? u32 : fc.constant(null) });
}

const or = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null });

function anyAttributes(form: WireForm): fc.Arbitrary<PathAttributes> {
  // Two octets carry no confederation of long numbers: AS4_PATH leaves those segments out (RFC 6793).
  const kinds = form.as4
    ? (["set", "sequence", "confederation-sequence", "confederation-set"] as const)
    : (["set", "sequence"] as const);
  const segment = fc.record({
    kind: fc.constantFrom(...kinds),
    numbers: fc.array(u32, { minLength: 1, maxLength: 5 }),
  });
  return fc
    .record({
      origin: fc.integer({ min: 0, max: 2 }),
      asPath: fc.array(segment, { maxLength: 3 }),
      nextHop: hop4,
      med: or(u32),
      localPref: or(u32),
      atomicAggregate: fc.boolean(),
      aggregator: or(fc.record({ as: form.as4 ? u32 : fc.integer({ min: 65536, max: 0xffffffff }), address: u32 })),
      communities: or(fc.array(u32, { maxLength: 80 })),
      originatorId: or(u32),
      clusterList: or(fc.array(u32, { maxLength: 4 })),
      mpReach: or(
        fc.record({
          nextHops: fc.array(address6, { minLength: 1, maxLength: 2 }),
          nlri: fc.array(anyNlri(6, form.addPath6), { maxLength: 4 }),
        }),
      ),
      mpUnreach: or(fc.array(anyNlri(6, form.addPath6), { maxLength: 4 })),
      extendedCommunities: or(fc.array(fc.tuple(u32, u32), { maxLength: 3 })),
      largeCommunities: or(fc.array(fc.tuple(u32, u32, u32), { maxLength: 3 })),
      opaque: fc.uniqueArray(
        fc.record({
          flags: fc.constantFrom(0x80, 0xc0, 0xe0),
          code: fc.constantFrom(20, 23, 40, 200),
          value: octets(300),
        }),
        { maxLength: 2, selector: ({ code }) => code },
      ),
    })
    .map(({ opaque, ...known }) => pathAttributes({ ...known, opaque: [...opaque].sort((x, y) => x.code - y.code) }));
}

function anyUpdate(form: WireForm): fc.Arbitrary<UpdateMessage> {
  return fc.record({
    kind: fc.constant("update" as const),
    withdrawn: fc.array(anyNlri(4, form.addPath4), { maxLength: 8 }),
    attributes: anyAttributes(form),
    nlri: fc.array(anyNlri(4, form.addPath4), { maxLength: 8 }),
  });
}

export function anyMessage(form: WireForm): fc.Arbitrary<Message> {
  return fc.oneof(
    fc.record({
      kind: fc.constant("open" as const),
      version: u8,
      as: u16,
      holdTime: u16,
      identifier: u32,
      capabilities: fc.array(anyCapability, { maxLength: 6 }),
    }),
    anyUpdate(form),
    fc.record({
      kind: fc.constant("update" as const),
      withdrawn: fc.array(anyNlri(4, form.addPath4), { maxLength: 8 }),
      attributes: fc.constant(null),
      nlri: fc.constant([]),
    }),
    fc.record({ kind: fc.constant("notification" as const), code: u8, subcode: u8, data: octets(20) }),
    fc.constant<Message>({ kind: "keepalive" }),
    fc.record({ kind: fc.constant("route-refresh" as const), afi: u16, subtype: u8, safi: u8 }),
  );
}
