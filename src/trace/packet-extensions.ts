import { parseAddress } from "../net/address.ts";
import {
  type Ipv6Extension,
  type Ipv6Option,
  isExtensionNumber,
  MOBILITY,
  optionsHeader,
  routingHeader,
} from "../net/ipv6-extension.ts";
import { complain, complainOfUnknown, integer, objectsIn, type Reader, text } from "./packet-field.ts";

const FIELDS: Readonly<Record<Ipv6Extension["header"], readonly string[]>> = {
  "hop-by-hop": ["options"],
  destination: ["options"],
  routing: ["type", "segmentsLeft", "addresses"],
  fragment: [],
  authentication: ["spi", "length"],
  mobility: ["type"],
};

const EXPECTED = 'a list of headers: [{"header":"hop-by-hop","options":[{"type":5,"length":2}]},{"header":"fragment"}]';

/** The longest header that its length field can tell: 256 times eight bytes. */
const LONGEST = 2048;
/** Twelve bytes of an authentication header, and a checksum of twelve (RFC 4302). */
const USUAL_AUTHENTICATION = 24;

/**
 * `extensions` of a packet: the extension headers of IPv6 in the order of the wire; null without the field. `piece`: the packet
 * is a fragment, whose own header stands behind these and is not named.
 */
export function readExtensions(
  reader: Reader,
  family: 4 | 6,
  protocol: number,
  piece: boolean,
): readonly Ipv6Extension[] | null {
  if (family === 6 && isExtensionNumber(protocol)) {
    complain(reader, "proto", `what the headers carry: header ${protocol} itself goes into "extensions"`);
  }
  if (!reader.object.has("extensions")) return null;
  const headers = objectsIn(reader, "extensions", EXPECTED);
  if (family === 4) complain(reader, "extensions", "no such field in IPv4");
  const found = headers.flatMap((header) => readHeader(header) ?? []);
  const wrong = misplaced(found, protocol, piece);
  if (wrong !== null) complain(reader, "extensions", wrong);
  return found.length === 0 ? null : found;
}

/** What is wrong with the order; null when nothing is. */
function misplaced(found: readonly Ipv6Extension[], protocol: number, piece: boolean): string | null {
  const last = found.findIndex(({ header }) => header === "mobility");
  if (last >= 0 && (last !== found.length - 1 || protocol !== MOBILITY)) {
    return `a mobility header behind all others, and "proto":${MOBILITY}`;
  }
  const foreign = piece && found.some(({ header }) => header === "fragment" || header === "authentication");
  return foreign ? "in a fragment only headers that stand in front of the fragment header" : null;
}

function readHeader(reader: Reader): Ipv6Extension | null {
  const name = text(reader, "header");
  const fields = new Map(Object.entries(FIELDS)).get(name ?? "");
  if (fields === undefined) {
    complain(reader, "header", Object.keys(FIELDS).join(", "));
    return null;
  }
  complainOfUnknown(reader, new Set(["header", ...fields]));
  switch (name) {
    case "hop-by-hop":
    case "destination": {
      const made = optionsHeader(name, objectsIn(reader, "options", '[{"type":5,"length":2}]').map(readOption));
      if (made.length > LONGEST) complain(reader, "options", `at most ${LONGEST} bytes`);
      return made;
    }
    case "routing":
      return readRouting(reader);
    case "fragment":
      return { header: "fragment", length: 8 };
    case "authentication": {
      const length = integer(reader, "length", 1028, USUAL_AUTHENTICATION);
      if (length < 12 || length % 4 !== 0) complain(reader, "length", "a multiple of 4 from 12 to 1028");
      return { header: "authentication", length, spi: integer(reader, "spi", 0xffffffff, 0) };
    }
    default:
      return { header: "mobility", length: 8, type: integer(reader, "type", 255, 0) };
  }
}

function readOption(reader: Reader): Ipv6Option {
  complainOfUnknown(reader, new Set(["type", "length"]));
  const type = integer(reader, "type", 255, 0);
  const length = integer(reader, "length", 255, 0);
  if (type === 0 && length > 0) complain(reader, "length", "0: Pad1 (type 0) has no data");
  return { type, length };
}

function readRouting(reader: Reader): Ipv6Extension {
  const written = reader.object.get("addresses") ?? [];
  const words: readonly unknown[] = Array.isArray(written) ? written : [null];
  const addresses = words.flatMap((word) => {
    const parsed = typeof word === "string" ? parseAddress(word) : null;
    if (parsed?.family === 6) return [parsed];
    complain(reader, "addresses", "a list of IPv6 addresses");
    return [];
  });
  if (addresses.length > 127) complain(reader, "addresses", "at most 127 addresses");
  return routingHeader(integer(reader, "type", 255, 0), integer(reader, "segmentsLeft", 255, 0), addresses);
}
