import { type Address, parseAddress } from "../net/address.ts";
import { type Prefix, parseInterfaceAddress, parsePrefix } from "../net/prefix.ts";
import { complain, type Field, parsed, text } from "./field.ts";

/** An address with the length of its subnet; host bits are kept. */
export interface AddressWithLength {
  readonly address: Address;
  readonly length: number;
}

export function addressField(field: Field): Address | null {
  return parsed(field, parseAddress, "an IP address");
}

export function prefixField(field: Field): Prefix | null {
  return parsed(field, parsePrefix, "a CIDR block such as 192.168.0.0/16");
}

export function addressWithLengthField(field: Field): AddressWithLength | null {
  return parsed(field, parseInterfaceAddress, "an address such as 172.16.0.10/24");
}

/** `10.244.0.0/16,fd00:10::/56`. */
export function prefixListField(field: Field): readonly Prefix[] {
  return (text(field) ?? "").split(",").flatMap((part) => {
    if (part.trim() === "") return [];
    const prefix = parsePrefix(part.trim());
    if (prefix === null) complain(field, "CIDR blocks separated by commas");
    return prefix ?? [];
  });
}
