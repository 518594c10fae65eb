import { type Address, parseAddress } from "../net/address.ts";
import { type Prefix, parseInterfaceAddress, parsePrefix } from "../net/prefix.ts";
import { type Field, parsed } from "./field.ts";

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
