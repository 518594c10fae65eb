import fc from "fast-check";
import type { Family } from "../../../src/net/address.ts";
import type { ExtensionJson } from "../../../src/report/packet-json.ts";
import type { ProbePacket } from "../harness/duel.ts";

type Headers = readonly ExtensionJson[];

const options = (header: "hop-by-hop" | "destination"): fc.Arbitrary<ExtensionJson> =>
  fc
    .array(
      fc.constantFrom(
        { type: 5, length: 2 },
        { type: 1, length: 4 },
        { type: 30, length: 4 },
        { type: 0x41, length: 6 },
        { type: 0x81, length: 6 },
        { type: 0xc1, length: 6 },
      ),
      { minLength: 1, maxLength: 2 },
    )
    .map((list) => ({ header, options: list }));

const hopByHop = options("hop-by-hop");
const rest: fc.Arbitrary<ExtensionJson> = fc.oneof(
  { weight: 3, arbitrary: options("destination") },
  {
    weight: 1,
    arbitrary: fc.constantFrom<ExtensionJson>(
      { header: "routing", type: 0, segmentsLeft: 0, addresses: ["fd00:c::2"] },
      { header: "routing", type: 0, segmentsLeft: 1, addresses: ["fd00:c::2"] },
      { header: "routing", type: 2, segmentsLeft: 0, addresses: ["fd00:c::2"] },
      { header: "routing", type: 9, segmentsLeft: 0 },
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom<ExtensionJson>({ header: "authentication", spi: 7 }) },
);

/** Hop-by-hop options first, if at all; a whole packet with a fragment header directly behind them or alone. */
export const extensions: fc.Arbitrary<Headers> = fc.oneof(
  { weight: 2, arbitrary: hopByHop.map((first) => [first]) },
  { weight: 3, arbitrary: fc.array(rest, { minLength: 1, maxLength: 2 }) },
  { weight: 1, arbitrary: fc.tuple(hopByHop, rest) },
  { weight: 1, arbitrary: fc.constant<Headers>([{ header: "fragment" }]) },
  { weight: 1, arbitrary: hopByHop.map((first): Headers => [first, { header: "fragment" }]) },
);

/** Protocols whose checksum the kernel looks at. */
const SUMMED: ReadonlySet<ProbePacket["proto"]> = new Set(["tcp", "udp", "icmp", "icmpv6"]);

/** What few packets have: a wrong checksum, and in IPv6 headers between that of IP and what it carries. */
export function withRareHeader<T extends Pick<ProbePacket, "proto">>(
  family: Family,
  body: fc.Arbitrary<T>,
): fc.Arbitrary<T & Pick<ProbePacket, "badChecksum" | "extensions">> {
  const plain: fc.Arbitrary<Pick<ProbePacket, "badChecksum" | "extensions">> = fc.constant({});
  const rare = fc.oneof(
    { weight: 24, arbitrary: plain },
    { weight: 1, arbitrary: fc.constant({ badChecksum: true }) },
    ...(family === 6 ? [{ weight: 2, arbitrary: extensions.map((list) => ({ extensions: list })) }] : []),
  );
  return fc
    .tuple(body, rare)
    .map(([packet, more]) =>
      "badChecksum" in more && !SUMMED.has(packet.proto) ? { ...packet } : { ...packet, ...more },
    );
}
