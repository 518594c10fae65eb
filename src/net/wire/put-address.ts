import type { Address } from "../address.ts";

/** The sixteen bytes of an IPv6 address. */
export function putAddress(view: DataView, at: number, address: Address): void {
  view.setUint32(at, address.a);
  view.setUint32(at + 4, address.b);
  view.setUint32(at + 8, address.c);
  view.setUint32(at + 12, address.d);
}
