/** One packet of a capture, as pcapng's Enhanced Packet Block holds it. */
export interface CapturedPacket {
  /** Index into the capture's interfaces. */
  readonly interface: number;
  readonly direction: "in" | "out";
  /** The Ethernet frame. */
  readonly bytes: Uint8Array;
  readonly comment: string;
  /** Microseconds since 1970. */
  readonly time: number;
}

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const LINKTYPE_ETHERNET = 1;
const OPT_COMMENT = 1;
const IF_NAME = 2;
const EPB_FLAGS = 2;
const SHB_USERAPPL = 4;

const text = new TextEncoder();

/**
 * A pcapng file (draft-ietf-opsawg-pcapng), little-endian, microseconds. All interfaces have the link type of
 * Ethernet: tcpdump refuses files with several types, and (libpcap 1.10) several interfaces of type RAW.
 */
export function pcapng(
  application: string,
  interfaces: readonly string[],
  packets: readonly CapturedPacket[],
): Uint8Array {
  return concat([
    block(SECTION_HEADER, [
      uint32(0x1a2b3c4d),
      uint16(1),
      uint16(0),
      // The section's length is not given.
      uint32(0xffffffff),
      uint32(0xffffffff),
      option(SHB_USERAPPL, text.encode(application)),
      END_OF_OPTIONS,
    ]),
    ...interfaces.map((name) =>
      block(INTERFACE_DESCRIPTION, [
        uint16(LINKTYPE_ETHERNET),
        uint16(0),
        uint32(0),
        option(IF_NAME, text.encode(name)),
        END_OF_OPTIONS,
      ]),
    ),
    ...packets.map((packet) =>
      block(ENHANCED_PACKET, [
        uint32(packet.interface),
        uint32(Math.floor(packet.time / 0x100000000)),
        uint32(packet.time % 0x100000000),
        uint32(packet.bytes.length),
        uint32(packet.bytes.length),
        padded(packet.bytes),
        option(OPT_COMMENT, text.encode(packet.comment)),
        option(EPB_FLAGS, uint32(packet.direction === "in" ? 1 : 2)),
        END_OF_OPTIONS,
      ]),
    ),
  ]);
}

function block(type: number, parts: readonly Uint8Array[]): Uint8Array {
  const body = concat(parts);
  const length = uint32(body.length + 12);
  return concat([uint32(type), length, body, length]);
}

const END_OF_OPTIONS = uint32(0);

function option(code: number, value: Uint8Array): Uint8Array {
  // An option's length is 16 bits.
  const kept = value.subarray(0, 0xfff0);
  return concat([uint16(code), uint16(kept.length), padded(kept)]);
}

function padded(bytes: Uint8Array): Uint8Array {
  return bytes.length % 4 === 0 ? bytes : concat([bytes, new Uint8Array(4 - (bytes.length % 4))]);
}

function uint16(value: number): Uint8Array {
  return new Uint8Array([value & 0xff, value >>> 8]);
}

function uint32(value: number): Uint8Array {
  return new Uint8Array([value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
