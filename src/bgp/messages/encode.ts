import { writeCapability } from "./capability.ts";
import {
  KEEPALIVE,
  type Message,
  NOTIFICATION,
  OPEN,
  PLAIN_FORM,
  ROUTE_REFRESH,
  UPDATE,
  type WireForm,
} from "./message.ts";
import { writeNlri } from "./nlri.ts";
import { type Writer, writer } from "./octets.ts";
import { pathAttributes } from "./path-attributes.ts";
import { writeAttributes } from "./write-attributes.ts";

const MARKER = new Uint8Array(16).fill(0xff);
const CAPABILITIES = 2;

/** The octets of a message with its header (RFC 4271 section 4). Whoever calls sees to it that they are not too many. */
export function encodeMessage(message: Message, form: WireForm): Uint8Array {
  const out = writer();
  out.bytes(MARKER).u16(0).u8(typeOf(message));
  writeBody(out, message, form);
  out.setU16(16, out.length);
  return out.done();
}

let keepalive: Uint8Array | null = null;

/** All KEEPALIVEs are the same octets. */
export function keepaliveOctets(): Uint8Array {
  keepalive ??= encodeMessage({ kind: "keepalive" }, PLAIN_FORM);
  return keepalive;
}

const endsOfRib: Record<4 | 6, Uint8Array | null> = { 4: null, 6: null };

/** The mark behind the last route of a family (RFC 4724 section 2): the same octets for all. */
export function endOfRibOctets(family: 4 | 6): Uint8Array {
  const known = endsOfRib[family];
  if (known !== null) return known;
  const attributes = family === 6 ? pathAttributes({ mpUnreach: [] }) : null;
  const made = encodeMessage({ kind: "update", withdrawn: [], attributes, nlri: [] }, PLAIN_FORM);
  endsOfRib[family] = made;
  return made;
}

function typeOf(message: Message): number {
  switch (message.kind) {
    case "open":
      return OPEN;
    case "update":
      return UPDATE;
    case "notification":
      return NOTIFICATION;
    case "keepalive":
      return KEEPALIVE;
    case "route-refresh":
      return ROUTE_REFRESH;
  }
}

function writeBody(out: Writer, message: Message, form: WireForm): void {
  switch (message.kind) {
    case "keepalive":
      return;
    case "notification":
      out.u8(message.code).u8(message.subcode).bytes(message.data);
      return;
    case "route-refresh":
      out.u16(message.afi).u8(message.subtype).u8(message.safi);
      return;
    case "open": {
      out.u8(message.version).u16(message.as).u16(message.holdTime).u32(message.identifier);
      const list = writer();
      for (const capability of message.capabilities) writeCapability(list, capability);
      if (list.length === 0) out.u8(0);
      else
        out
          .u8(list.length + 2)
          .u8(CAPABILITIES)
          .u8(list.length)
          .bytes(list.done());
      return;
    }
    case "update": {
      const withdrawnAt = out.length;
      out.u16(0);
      writeNlri(out, message.withdrawn, form.addPath4);
      out.setU16(withdrawnAt, out.length - withdrawnAt - 2);
      const attributesAt = out.length;
      out.u16(0);
      if (message.attributes !== null) writeAttributes(out, message.attributes, form);
      out.setU16(attributesAt, out.length - attributesAt - 2);
      writeNlri(out, message.nlri, form.addPath4);
      return;
    }
  }
}
