import { extensionNumber, FRAGMENT, type Ipv6Extension, type Ipv6Option } from "../ipv6-extension.ts";
import { headerLength, isFragment, type Packet } from "../packet.ts";

const IPV6_HEADER = 40;

/** What stands between the IPv6 header and what the packet carries. */
export interface EncodedExtensions {
  /** "Next header" of the IPv6 header. */
  readonly first: number;
  readonly bytes: Uint8Array;
}

/** The extension headers of an IPv6 packet, that of a fragment behind the others; data of options is zero. */
export function encodeExtensions(packet: Packet): EncodedExtensions {
  const extensions = (packet.extensions ?? []).filter(({ header }) => header !== "mobility");
  const fragmented = isFragment(packet);
  const bytes = new Uint8Array(headerLength(packet) - IPV6_HEADER);
  const view = new DataView(bytes.buffer);
  const numbers = [...extensions.map(extensionNumber), ...(fragmented ? [FRAGMENT] : []), packet.protocol];
  let at = 0;
  for (const [index, extension] of extensions.entries()) {
    bytes[at] = numbers[index + 1] ?? 0;
    put(bytes, view, at, extension, packet.id);
    at += extension.length;
  }
  if (fragmented) {
    bytes[at] = packet.protocol;
    view.setUint16(at + 2, packet.fragmentOffset | (packet.moreFragments ? 1 : 0));
    view.setUint32(at + 4, packet.id);
  }
  return { first: numbers[0] ?? packet.protocol, bytes };
}

function put(bytes: Uint8Array, view: DataView, at: number, extension: Ipv6Extension, id: number): void {
  const { length } = extension;
  switch (extension.header) {
    case "hop-by-hop":
    case "destination":
      bytes[at + 1] = length / 8 - 1;
      putOptions(bytes, at + 2, extension.options);
      return;
    case "routing":
      bytes[at + 1] = length / 8 - 1;
      bytes[at + 2] = extension.type;
      bytes[at + 3] = extension.segmentsLeft;
      // RFC 8754: the last entry of a segment list.
      if (extension.type === 4) bytes[at + 4] = Math.max(0, extension.addresses.length - 1);
      for (const [index, { a, b, c, d }] of extension.addresses.entries()) {
        for (const [part, word] of [a, b, c, d].entries()) view.setUint32(at + 8 + 16 * index + 4 * part, word);
      }
      return;
    case "fragment":
      view.setUint32(at + 4, id);
      return;
    case "authentication":
      // RFC 4302: in words of four bytes, less two.
      bytes[at + 1] = length / 4 - 2;
      view.setUint32(at + 4, extension.spi);
      return;
    case "mobility":
      return;
  }
}

function putOptions(bytes: Uint8Array, start: number, options: readonly Ipv6Option[]): void {
  let at = start;
  for (const { type, length } of options) {
    bytes[at] = type;
    if (type !== 0) bytes[at + 1] = length;
    at += type === 0 ? 1 : 2 + length;
  }
}
