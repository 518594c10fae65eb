import { type Capability, readCapability } from "./capability.ts";
import {
  HEADER_LENGTH,
  KEEPALIVE,
  MAX_MESSAGE_LENGTH,
  type Message,
  NOTIFICATION,
  OPEN,
  ROUTE_REFRESH,
  sameForm,
  UPDATE,
  type WireForm,
} from "./message.ts";
import { readNlri } from "./nlri.ts";
import { HEADER_ERROR, OPEN_ERROR, ROUTE_REFRESH_ERROR, UPDATE_ERROR } from "./notification-text.ts";
import { type Reader, reader } from "./octets.ts";
import type { PathAttributes } from "./path-attributes.ts";
import { readAttributes } from "./read-attributes.ts";

/** What a receiver answers to a message that it cannot take, as the fields of a NOTIFICATION. */
export interface MessageError {
  readonly code: number;
  readonly subcode: number;
  readonly data: Uint8Array;
}

export type Decoded =
  | { readonly kind: "message"; readonly message: Message; readonly length: number }
  | { readonly kind: "error"; readonly error: MessageError }
  /** The message is not all there yet. */
  | { readonly kind: "partial" };

const CAPABILITIES = 2;

const SHORTEST: ReadonlyMap<number, number> = new Map([
  [OPEN, 29],
  [UPDATE, 23],
  [NOTIFICATION, 21],
  [KEEPALIVE, 19],
  [ROUTE_REFRESH, 23],
]);

/** Reads the message at the front of what a connection has received (RFC 4271 section 6). */
export function decodeMessage(octets: Uint8Array, from: number, form: WireForm): Decoded {
  const left = octets.length - from;
  for (let index = from; index < Math.min(octets.length, from + 16); index++) {
    if (octets[index] !== 0xff) return failed(HEADER_ERROR, 1);
  }
  if (left < HEADER_LENGTH) return { kind: "partial" };
  const length = ((octets[from + 16] ?? 0) << 8) | (octets[from + 17] ?? 0);
  const type = octets[from + 18] ?? 0;
  const shortest = SHORTEST.get(type);
  const lengthOctets = octets.slice(from + 16, from + 18);
  if (length < HEADER_LENGTH || length > MAX_MESSAGE_LENGTH) return failed(HEADER_ERROR, 2, lengthOctets);
  if (shortest === undefined) return failed(HEADER_ERROR, 3, Uint8Array.of(type));
  if (type === ROUTE_REFRESH && length > shortest) {
    return left < length
      ? { kind: "partial" }
      : failed(ROUTE_REFRESH_ERROR, 1, octets.slice(from, from + Math.min(length, MOST_RETURNED)));
  }
  if (length < shortest) return failed(HEADER_ERROR, 2, lengthOctets);
  if (left < length) return { kind: "partial" };
  const body = readBody(type, reader(octets, from + HEADER_LENGTH, from + length), form);
  return "kind" in body ? { kind: "message", message: body, length } : { kind: "error", error: body };
}

const decodedWrites = new WeakMap<Uint8Array, { readonly form: WireForm; readonly decoded: Decoded }>();

/** The same for octets that nobody changes any more, and that many receive: read once. */
export function decodeWrite(octets: Uint8Array, form: WireForm): Decoded {
  const known = decodedWrites.get(octets);
  if (known !== undefined && (!dependsOnForm(known.decoded) || sameForm(known.form, form))) return known.decoded;
  const decoded = decodeMessage(octets, 0, form);
  decodedWrites.set(octets, { form, decoded });
  return decoded;
}

function dependsOnForm(decoded: Decoded): boolean {
  return decoded.kind !== "message" || decoded.message.kind === "update";
}

/** Octets of a message that a NOTIFICATION gives back at most (bgp_rx_route_refresh). */
const MOST_RETURNED = 2048;

const NO_DATA = new Uint8Array();

function failed(code: number, subcode: number, data: Uint8Array = NO_DATA): Decoded {
  return { kind: "error", error: { code, subcode, data } };
}

function readBody(type: number, body: Reader, form: WireForm): Message | MessageError {
  switch (type) {
    case OPEN:
      return readOpen(body);
    case UPDATE:
      return readUpdate(body, form);
    case NOTIFICATION:
      return { kind: "notification", code: body.u8() ?? 0, subcode: body.u8() ?? 0, data: body.rest() };
    case ROUTE_REFRESH:
      return { kind: "route-refresh", afi: body.u16() ?? 0, subtype: body.u8() ?? 0, safi: body.u8() ?? 0 };
    default:
      return { kind: "keepalive" };
  }
}

function readOpen(body: Reader): Message | MessageError {
  const version = body.u8() ?? 0;
  const as = body.u16() ?? 0;
  const holdTime = body.u16() ?? 0;
  const identifier = body.u32() ?? 0;
  const malformed: MessageError = { code: OPEN_ERROR, subcode: 0, data: NO_DATA };
  const parameters = body.take(body.u8());
  if (parameters === null || body.left > 0) return malformed;
  const capabilities: Capability[] = [];
  while (parameters.left > 0) {
    const type = parameters.u8() ?? 0;
    const value = parameters.take(parameters.u8());
    if (value === null) return malformed;
    if (type !== CAPABILITIES) {
      return { code: OPEN_ERROR, subcode: 4, data: NO_DATA };
    }
    while (value.left > 0) {
      const capability = readCapability(value);
      if (capability === null) return malformed;
      capabilities.push(capability);
    }
  }
  return { kind: "open", version, as, holdTime, identifier, capabilities };
}

function readUpdate(body: Reader, form: WireForm): Message | MessageError {
  const withdrawnPart = body.take(body.u16());
  const attributesPart = withdrawnPart === null ? null : body.take(body.u16());
  if (withdrawnPart === null || attributesPart === null) return { code: UPDATE_ERROR, subcode: 1, data: NO_DATA };
  const withdrawn = readNlri(withdrawnPart, 4, form.addPath4);
  if (typeof withdrawn === "number") return { code: UPDATE_ERROR, subcode: withdrawn, data: NO_DATA };
  const attributes = attributesPart.length === 0 ? null : readAttributes(attributesPart, form);
  if (attributes !== null && "subcode" in attributes) return { code: UPDATE_ERROR, ...attributes };
  const nlri = readNlri(body, 4, form.addPath4);
  if (typeof nlri === "number") return { code: UPDATE_ERROR, subcode: nlri, data: NO_DATA };
  if (attributes !== null && "gone" in attributes) {
    return { kind: "update", withdrawn: [...withdrawn, ...nlri], attributes: attributes.gone, nlri: [] };
  }
  const missing = attributes === null ? (nlri.length > 0 ? 1 : null) : missingAttribute(attributes, nlri.length > 0);
  if (missing !== null) return { code: UPDATE_ERROR, subcode: 3, data: Uint8Array.of(missing) };
  return { kind: "update", withdrawn, attributes, nlri };
}

/** The code of a well-known mandatory attribute that announced destinations lack. */
function missingAttribute({ origin, asPath, nextHop, mpReach }: PathAttributes, announces: boolean): number | null {
  if (!announces && mpReach === null) return null;
  if (origin === null) return 1;
  if (asPath === null) return 2;
  return announces && nextHop === null ? 3 : null;
}
