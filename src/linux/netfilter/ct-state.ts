import { CT_ESTABLISHED, CT_INVALID, CT_NEW, CT_RELATED, CT_UNTRACKED } from "../skb.ts";
import { abbreviated } from "./option-values.ts";

/** Pseudo states of `--ctstate`, as bits beside CT_*. */
export const CT_SNAT = 32;
export const CT_DNAT = 64;

type StateName = "INVALID" | "NEW" | "RELATED" | "ESTABLISHED" | "UNTRACKED" | "SNAT" | "DNAT";

const BITS: Readonly<Record<StateName, number>> = {
  INVALID: CT_INVALID,
  NEW: CT_NEW,
  RELATED: CT_RELATED,
  ESTABLISHED: CT_ESTABLISHED,
  UNTRACKED: CT_UNTRACKED,
  SNAT: CT_SNAT,
  DNAT: CT_DNAT,
};

/** In the order iptables-save prints them (libxt_conntrack.c print_state). */
const NAMES: readonly StateName[] = ["INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT"];

/** Bits of a comma list of states; null when a word is none of them. */
export function parseCtStates(text: string): number | null {
  let bits = 0;
  for (const word of text.split(",")) {
    const name = abbreviated(NAMES, word);
    if (name === null) return null;
    bits |= BITS[name];
  }
  return bits;
}

export function formatCtStates(bits: number): string {
  return NAMES.filter((name) => (bits & BITS[name]) !== 0).join(",");
}

/** The state of a packet in conntrack's words; `-` before conntrack has seen it. */
export function describeCtState(bits: number): string {
  return bits === 0 ? "-" : formatCtStates(bits);
}
