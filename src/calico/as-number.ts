import { complain, type Field } from "../kubernetes/field.ts";

/** What nodes use that have no number of their own (BGPConfiguration without `asNumber`). */
export const DEFAULT_AS_NUMBER = 64512;

/**
 * `64512`, `"64512"` or `1.10` (two 16-bit halves, RFC 5396 asdot+) as Calico takes them (api/pkg/lib/numorstring/asnumber.go); null for what
 * is no AS number.
 */
export function parseASNumber(written: string): number | null {
  const halves = /^(\d{1,5})\.(\d{1,5})$/.exec(written);
  if (halves !== null) {
    const [high, low] = [Number(halves[1]), Number(halves[2])];
    return high > 0xffff || low > 0xffff ? null : high * 0x10000 + low;
  }
  return /^\d{1,10}$/.test(written) && Number(written) <= 0xffffffff ? Number(written) : null;
}

/** Null when absent, or out of range, which is complained of. */
export function asNumberField(field: Field): number | null {
  const { value } = field;
  if (value === undefined || value === null || value === "") return null;
  const number = typeof value === "number" || typeof value === "string" ? parseASNumber(String(value)) : null;
  if (number === null) complain(field, "an AS number from 0 to 4294967295");
  return number;
}
