import { complain, elements, type Field, integer, member, text } from "../../kubernetes/field.ts";
import type { LinkDrop } from "../../model/link.ts";
import { hasPorts, parseProtocol } from "../../net/protocol.ts";
import type { DescriptionReading } from "./description-reading.ts";

export const LINK_DROP_KEYS = ["source", "destination", "protocol", "port", "except"];

/** One entry of a segment's `drops`. Null where it says nothing that can be held against a packet. */
export function readLinkDrop(field: Field, routers: ReadonlySet<string>, reading: DescriptionReading): LinkDrop | null {
  const before = field.problems.length;
  const notOwn = (key: string): boolean => {
    const end = member(field, key);
    const written = text(end);
    if (written !== null && written !== "not-own") complain(end, "not-own");
    return written === "not-own";
  };
  const foreignSource = notOwn("source");
  const foreignDestination = notOwn("destination");
  if (foreignSource && foreignDestination) complain(field, "source and destination in two entries");
  const protocol = readProtocol(member(field, "protocol"));
  const portField = member(field, "port");
  const port = integer(portField);
  if (port !== null && (port < 1 || port > 65535 || protocol === null || !hasPorts(protocol))) {
    complain(portField, "a port from 1 to 65535, beside protocol tcp, udp or sctp");
  }
  if (!foreignSource && !foreignDestination && protocol === null) {
    complain(field, "`source: not-own`, `destination: not-own` or `protocol`");
  }
  if (field.problems.length > before) return null;
  const except = elements(member(field, "except")).flatMap((entry) => text(entry) ?? []);
  return {
    foreignSource,
    foreignDestination,
    protocol,
    port,
    except: new Set([...routers, ...except]),
    origin: reading.originOf(field),
  };
}

function readProtocol(field: Field): number | null {
  const { value } = field;
  if (value === undefined || value === null) return null;
  const isWord = typeof value === "string" || typeof value === "number";
  const protocol = value === "ipip" ? 4 : isWord ? parseProtocol(String(value)) : null;
  if (protocol === null) complain(field, "tcp, udp, icmp, sctp, ipip or a number from 0 to 255");
  return protocol;
}
