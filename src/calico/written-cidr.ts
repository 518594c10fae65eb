import { complain, type Field, text } from "../kubernetes/field.ts";
import { type Prefix, parseInterfaceAddress, prefixOf } from "../net/prefix.ts";

/** A CIDR block that Calico hands on as it is written: `5000::0/64` stays so in BIRD's configuration. */
export interface WrittenCIDR {
  readonly text: string;
  readonly prefix: Prefix;
}

/** Host bits are allowed, as by Go's net.ParseCIDR. */
export function writtenCIDR(field: Field): WrittenCIDR | null {
  const written = text(field);
  if (written === null || written === "") return null;
  const parsed = written.includes("/") ? parseInterfaceAddress(written) : null;
  if (parsed !== null) return { text: written, prefix: prefixOf(parsed.address, parsed.length) };
  complain(field, "a CIDR block such as 192.168.0.0/16");
  return null;
}
