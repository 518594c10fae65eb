/** A mark and the bits that count, both uint32. */
export interface MarkMask {
  readonly value: number;
  readonly mask: number;
}

/** One unsigned 32-bit number, decimal or `0x…` (also octal with a leading 0, as strtoul reads it); null when malformed. */
export function parseUint32(text: string): number | null {
  const value = /^0x[0-9a-f]{1,8}$/i.test(text)
    ? Number.parseInt(text, 16)
    : /^0[0-7]+$/.test(text)
      ? Number.parseInt(text, 8)
      : /^\d{1,10}$/.test(text)
        ? Number(text)
        : Number.NaN;
  return value <= 0xffffffff ? value : null;
}

/** `value[/mask]`; without a mask all bits count. Null when malformed. */
export function parseMarkMask(text: string): MarkMask | null {
  const slash = text.indexOf("/");
  const value = parseUint32(slash < 0 ? text : text.slice(0, slash));
  const mask = slash < 0 ? 0xffffffff : parseUint32(text.slice(slash + 1));
  return value === null || mask === null ? null : { value, mask };
}

/** `0x10000/0x10000`, or `0x1` when all bits count. */
export function formatMark(mark: MarkMask): string {
  const value = `0x${mark.value.toString(16)}`;
  return mark.mask === 0xffffffff ? value : `${value}/0x${mark.mask.toString(16)}`;
}
