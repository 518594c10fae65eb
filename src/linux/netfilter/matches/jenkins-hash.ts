/** include/linux/jhash.h: Bob Jenkins' hash as the kernel has it, on 32-bit words. */
const INITIAL = 0xdeadbeef;

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** __jhash_final(): mixes three words and gives the last. */
function finish(a: number, b: number, c: number): number {
  c = (c ^ b) - rotate(b, 14);
  a = (a ^ c) - rotate(c, 11);
  b = (b ^ a) - rotate(a, 25);
  c = (c ^ b) - rotate(b, 16);
  a = (a ^ c) - rotate(c, 4);
  b = (b ^ a) - rotate(a, 14);
  c = (c ^ b) - rotate(b, 24);
  return c >>> 0;
}

/** jhash_1word(). */
export function hashWord(word: number, seed: number): number {
  const base = (seed + INITIAL + (1 << 2)) | 0;
  return finish((base + word) | 0, base, base);
}

/** jhash_3words(). */
export function hashThreeWords(a: number, b: number, c: number, seed: number): number {
  const base = (seed + INITIAL + (3 << 2)) | 0;
  return finish((base + a) | 0, (base + b) | 0, (base + c) | 0);
}

/** jhash2() of four words. */
export function hashFourWords(first: number, second: number, third: number, fourth: number, seed: number): number {
  const base = (seed + INITIAL + (4 << 2)) | 0;
  let a = (base + first) | 0;
  let b = (base + second) | 0;
  let c = (base + third) | 0;
  // __jhash_mix()
  a = (a - c) ^ rotate(c, 4);
  c = (c + b) | 0;
  b = (b - a) ^ rotate(a, 6);
  a = (a + c) | 0;
  c = (c - b) ^ rotate(b, 8);
  b = (b + a) | 0;
  a = (a - c) ^ rotate(c, 16);
  c = (c + b) | 0;
  b = (b - a) ^ rotate(a, 19);
  a = (a + c) | 0;
  c = (c - b) ^ rotate(b, 4);
  b = (b + a) | 0;
  return finish((a + fourth) | 0, b, c);
}

/** reciprocal_scale(): the 32-bit hash as a number below `count` (include/linux/math64.h). */
export function scaleHash(hash: number, count: number): number {
  return Number((BigInt(hash) * BigInt(count)) >> 32n);
}

/** A word as a little-endian machine reads four bytes in network order. */
export function swapBytes(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}
