const MAX = 2n ** 64n - 1n;

/**
 * A number of up to 64 bits, decimal, `0x…` or octal, in decimal digits: more than a JavaScript number holds, and the
 * options of a rule are plain data. Null when malformed.
 */
export function parseUint64(text: string): string | null {
  if (!/^(?:0x[0-9a-f]{1,16}|\d{1,22})$/i.test(text) || /^0\d*[89]/.test(text)) return null;
  const value = BigInt(/^0[0-7]/.test(text) ? `0o${text}` : text);
  return value > MAX ? null : value.toString();
}

export const UINT64_MAX: string = MAX.toString();
