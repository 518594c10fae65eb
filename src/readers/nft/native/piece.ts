import type { InterfaceSelector, Match } from "../../../model/ruleset.ts";

/** A part of what a packet must be for a rule to match. */
export interface Piece {
  readonly protocol?: number;
  readonly notProtocol?: number;
  readonly inInterface?: InterfaceSelector;
  readonly outInterface?: InterfaceSelector;
  readonly matches?: readonly Match[];
  /** The rule reads ports whatever the protocol is: it must say which. */
  readonly needsPorts?: boolean;
  /** No packet is that. */
  readonly never?: boolean;
  /** What a verdict map says for it. */
  readonly verdict?: string;
}

/** Both pieces; null where they contradict each other, `unclear` where podpath cannot say both in one rule. */
export function joined(one: Piece, other: Piece): Piece | "unclear" | null {
  if (one.protocol !== undefined && other.protocol !== undefined && one.protocol !== other.protocol) return null;
  const protocol = one.protocol ?? other.protocol;
  const notProtocol = one.notProtocol ?? other.notProtocol;
  if (protocol !== undefined && protocol === notProtocol) return null;
  const isTwice =
    (one.inInterface !== undefined && other.inInterface !== undefined) ||
    (one.outInterface !== undefined && other.outInterface !== undefined) ||
    (one.notProtocol !== undefined && other.notProtocol !== undefined && one.notProtocol !== other.notProtocol) ||
    (one.verdict !== undefined && other.verdict !== undefined);
  if (isTwice) return "unclear";
  const { notProtocol: _, ...rest } = { ...one, ...other };
  return {
    ...rest,
    ...(protocol === undefined ? {} : { protocol }),
    // a protocol says more than which one it is not
    ...(protocol === undefined && notProtocol !== undefined ? { notProtocol } : {}),
    matches: [...(one.matches ?? []), ...(other.matches ?? [])],
  };
}
