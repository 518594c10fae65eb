import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAddress } from "../../../src/net/address.ts";
import { packet, packetLength } from "../../../src/net/packet.ts";
import { SCTP } from "../../../src/net/protocol.ts";
import { chunk, DATA, SACK } from "../../../src/net/sctp.ts";
import { crc32c, internetChecksum } from "../../../src/net/wire/checksum.ts";
import { encodePacket } from "../../../src/net/wire/encode-packet.ts";
import { packetArbitrary } from "./packet-arbitrary.ts";

function address(text: string): NonNullable<ReturnType<typeof parseAddress>> {
  const parsed = parseAddress(text);
  if (parsed === null) throw new Error(text);
  return parsed;
}

describe("checksums", () => {
  it("adds up as in the example of RFC 1071", () => {
    expect(internetChecksum(new Uint8Array([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]))).toBe(~0xddf2 & 0xffff);
  });

  it("gives the check value of CRC-32C", () => {
    expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
  });
});

describe("a packet in bytes", () => {
  it("is as long as its length says", () => {
    fc.assert(
      fc.property(packetArbitrary, (it) => {
        expect(encodePacket(it)).toHaveLength(packetLength(it));
      }),
    );
  });

  it("has an IPv4 header that adds up to nothing", () => {
    fc.assert(
      fc.property(packetArbitrary, (it) => {
        if (it.src.family === 4) expect(internetChecksum(encodePacket(it).subarray(0, 20))).toBe(0);
      }),
    );
  });

  it("carries a CRC-32C where there is room for SCTP's header", () => {
    const sctp = packet({
      src: address("10.0.0.1"),
      dst: address("10.0.0.2"),
      protocol: SCTP,
      sport: 1,
      dport: 2,
      payloadLength: 8,
    });
    const bytes = encodePacket(sctp).subarray(20);
    const cleared = bytes.slice();
    cleared.fill(0, 8, 12);
    expect(new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true)).toBe(crc32c(cleared));
  });

  it("writes the chunks of SCTP one after the other, each with its length, and the payload into DATA", () => {
    const data = packet({
      src: address("10.0.0.1"),
      dst: address("10.0.0.2"),
      protocol: SCTP,
      sport: 1,
      dport: 2,
      sctp: { tag: 0x01020304, chunks: [chunk(SACK), chunk(DATA, { flags: 3 })] },
      payloadLength: 8,
    });
    const bytes = encodePacket(data).subarray(20);
    expect(bytes).toHaveLength(12 + 16 + 16 + 8);
    expect([...bytes.subarray(4, 8)]).toEqual([1, 2, 3, 4]);
    expect([...bytes.subarray(12, 16)]).toEqual([SACK, 0, 0, 16]);
    expect([...bytes.subarray(28, 32)]).toEqual([DATA, 3, 0, 24]);
  });
});
