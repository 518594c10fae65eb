import { prefixField } from "../../kubernetes/address-field.ts";
import {
  complain,
  elements,
  type Field,
  flag,
  integer,
  listOf,
  member,
  text,
  textMap,
} from "../../kubernetes/field.ts";
import type { Origin } from "../../model/origin.ts";
import { addressBits } from "../../net/prefix.ts";
import type { BlockOwner, IPAMBlock } from "./ipam-block.ts";

/** Larger ones the API refuses: blocks are /20 to /32 and /116 to /128. */
const LARGEST = 4096;

/** `host:node-1`, `virtual:load-balancer`; null for the empty string and what is neither. */
export function blockOwner(field: Field): BlockOwner | null {
  const written = text(field) ?? "";
  if (written === "") return null;
  const colon = written.indexOf(":");
  const type = written.slice(0, Math.max(colon, 0));
  if (type === "host" || type === "virtual") return { type, name: written.slice(colon + 1) };
  complain(field, "host:NODE or virtual:NAME");
  return null;
}

/** Null without a usable `spec.cidr`. */
export function readIPAMBlock(resource: Field, origin: Origin): IPAMBlock | null {
  const spec = member(resource, "spec");
  const cidr = prefixField(member(spec, "cidr"));
  if (cidr === null) return null;
  const size = 2 ** (addressBits(cidr.address.family) - cidr.length);
  if (size > LARGEST) {
    complain(member(spec, "cidr"), "a block of at most 4096 addresses");
    return null;
  }
  const attributes = elements(member(spec, "attributes")).map((attribute) => ({
    handle: text(member(attribute, "handle_id")),
    secondary: textMap(member(attribute, "secondary")),
  }));
  const written = elements(member(spec, "allocations"));
  if (written.length !== size) complain(member(spec, "allocations"), `a list of ${size} elements`);
  const allocations = Array.from({ length: size }, (_, ordinal) => {
    const field = written[ordinal];
    const index = field === undefined ? null : integer(field);
    if (index === null || field === undefined) return null;
    if (attributes[index] !== undefined) return index;
    complain(field, "a position in spec.attributes");
    return null;
  });
  return {
    cidr,
    affinity: blockOwner(member(spec, "affinity")),
    allocations,
    unallocated: freeOrdinals(member(spec, "unallocated"), allocations),
    attributes,
    deleted: flag(member(spec, "deleted")) ?? false,
    origin,
  };
}

/** The queue of free ordinals as written: without those that are given, and with those it forgot at the end. */
function freeOrdinals(field: Field, allocations: readonly (number | null)[]): readonly number[] {
  const queue = new Set(
    listOf(field, (element) => {
      const ordinal = integer(element);
      if (ordinal !== null && allocations[ordinal] === null) return ordinal;
      complain(element, "the ordinal of a free address");
      return null;
    }),
  );
  allocations.forEach((given, ordinal) => {
    if (given === null) queue.add(ordinal);
  });
  return [...queue];
}
