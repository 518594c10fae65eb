import type { BirdRoa } from "../../model/bird/configuration.ts";
import { type Prefix, prefixContains } from "../../net/prefix.ts";
import type { Value } from "./value.ts";

/** ROA_* of nest/route.h, BIRD 1.6. */
export const ROA_STATES = { unknown: 0, valid: 1, invalid: 2 };

/**
 * Whether the AS may be the origin of a destination (RFC 6483; roa_check of nest/rt-roa.c, BIRD 1.6): unknown where no prefix of the table
 * covers it. AS 0 never may.
 */
export function roaState(roas: readonly BirdRoa[], { address, length }: Prefix, as: number): Value {
  const covering = roas.filter(({ prefix }) => prefix.length <= length && prefixContains(prefix, address));
  const isValid = covering.some((roa) => roa.longest >= length && roa.as === as && as !== 0);
  const { unknown, valid, invalid } = ROA_STATES;
  return { type: "enum", of: "roa", value: isValid ? valid : covering.length > 0 ? invalid : unknown };
}
