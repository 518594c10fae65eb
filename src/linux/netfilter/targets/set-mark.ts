import type { OptionSpec } from "../extension.ts";
import { formatMark, type MarkMask, parseMarkMask, parseUint32 } from "../mark-value.ts";

/** The five spellings by which MARK and CONNMARK set a mark. */
export const SET_MARK_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  "set-xmark": { values: 1, negatable: false },
  "set-mark": { values: 1, negatable: false },
  "and-mark": { values: 1, negatable: false },
  "or-mark": { values: 1, negatable: false },
  "xor-mark": { values: 1, negatable: false },
};

/**
 * Reads one of the spellings into the one form the kernel keeps, `mark = (mark & ~mask) ^ value`
 * (extensions/libxt_MARK.c). Null for another option or a malformed value.
 */
export function parseSetMark(name: string, text: string): MarkMask | null {
  switch (name) {
    case "set-xmark":
      return parseMarkMask(text);
    case "set-mark": {
      const parsed = parseMarkMask(text);
      return parsed === null ? null : { value: parsed.value, mask: (parsed.value | parsed.mask) >>> 0 };
    }
    case "and-mark":
    case "or-mark":
    case "xor-mark":
      return combine(name, parseUint32(text));
    default:
      return null;
  }
}

function combine(name: "and-mark" | "or-mark" | "xor-mark", bits: number | null): MarkMask | null {
  if (bits === null) return null;
  if (name === "and-mark") return { value: 0, mask: ~bits >>> 0 };
  return name === "or-mark" ? { value: bits, mask: bits } : { value: bits, mask: 0 };
}

/** `--set-xmark value/mask`, always with the mask, as iptables-save prints it. */
export function printSetMark(mark: MarkMask): readonly string[] {
  return ["--set-xmark", mark.mask === 0xffffffff ? `${formatMark(mark)}/0xffffffff` : formatMark(mark)];
}

/** The new mark, uint32. */
export function applySetMark(old: number, mark: MarkMask): number {
  return ((old & ~mark.mask) ^ mark.value) >>> 0;
}
