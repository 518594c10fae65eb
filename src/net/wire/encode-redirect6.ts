import type { Packet, RedirectTarget } from "../packet.ts";
import { macBytes } from "./mac-bytes.ts";
import { putAddress } from "./put-address.ts";

const TARGET_LINK_LAYER = 2;
const REDIRECTED_HEADER = 4;
const OPTION_HEADER = 8;
const UNIT = 8;

/**
 * RFC 4861 section 4.5, as ndisc_send_redirect() (net/ipv6/ndisc.c) makes it: a redirect without its checksum, with what is quoted of `quoted` in an
 * option of whole units of eight bytes, behind the target's link-layer address where it tells that.
 */
export function encodeRedirect6(packet: Packet, target: RedirectTarget, about: Packet, quoted: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + packet.payloadLength);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, packet.icmpType);
  view.setUint8(1, packet.icmpCode);
  putAddress(view, 8, target.address);
  putAddress(view, 24, about.dst);
  let at = 40;
  if (target.mac !== null) {
    bytes.set([TARGET_LINK_LAYER, 1, ...macBytes(target.mac)], at);
    at += UNIT;
  }
  view.setUint8(at, REDIRECTED_HEADER);
  view.setUint8(at + 1, (bytes.length - at) / UNIT);
  bytes.set(quoted.subarray(0, bytes.length - at - OPTION_HEADER), at + OPTION_HEADER);
  return bytes;
}
