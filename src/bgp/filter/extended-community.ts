import type { BirdExpression } from "../../model/bird/filter.ts";
import type { Value } from "./value.ts";

/** Types of `(rt, …)` and `(ro, …)`: route target and route origin (RFC 4360, EC_RT and EC_RO of nest/attrs.h, BIRD 1.6). */
const KINDS: ReadonlyMap<string, number> = new Map([
  ["rt", 0x0002_0000],
  ["ro", 0x0003_0000],
]);

/** Number with an address, and with an AS of 32 bits, in front of one of 16. */
const OF_ADDRESS = 0x0100_0000;
const OF_LONG_AS = 0x0200_0000;

/** The name in front of an extended community, as `rt` in `(rt, 64512, 3)`; null: it is none. */
export function extendedKind(first: BirdExpression | undefined): string | null {
  return first?.kind === "name" && (KINDS.has(first.name) || first.name === "generic") ? first.name : null;
}

/** The two halves of an extended community (FI_EC_CONSTRUCT); null: its numbers have no room in it. */
export function extendedCommunity(kind: string, key: Value, value: number): readonly [number, number] | null {
  const type = KINDS.get(kind);
  const number = key.type === "int" ? key.value : key.type === "ip" ? key.value.a : null;
  if (number === null) return null;
  if (type === undefined) return [number >>> 0, value >>> 0];
  if (key.type === "int" && number < 0x10000) return [(type | number) >>> 0, value >>> 0];
  if (value > 0xffff) return null;
  const form = key.type === "ip" ? OF_ADDRESS : OF_LONG_AS;
  return [(type | form | (number >>> 16)) >>> 0, ((number << 16) | value) >>> 0];
}

/** The highest last number that there is behind such a key. */
export function highestOf(kind: string, key: Value): number {
  return kind === "generic" || (key.type === "int" && key.value < 0x10000) ? 0xffffffff : 0xffff;
}
