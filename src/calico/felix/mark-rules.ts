import { type FelixRule, felixRule } from "./felix-rule.ts";
import { formatMark } from "./mark-bits.ts";

/** Matches packets that carry all of the bits. */
export function marked(bits: number): string {
  return `-m mark --mark ${formatMark(bits)}/${formatMark(bits)}`;
}

/** Matches packets that carry none of the bits. */
export function unmarked(bits: number): string {
  return `-m mark --mark 0/${formatMark(bits)}`;
}

/** The action that sets the bits. */
export function setMark(bits: number): string {
  return `--jump MARK --set-mark ${formatMark(bits)}/${formatMark(bits)}`;
}

/** A rule for every packet that clears the bits. */
export function clearMark(bits: number): FelixRule {
  return felixRule("", `--jump MARK --set-mark 0/${formatMark(bits)}`);
}
