/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes (FIPS 180-4 section 4.2.2). */
const K = new Int32Array(64);
for (let prime = 2, i = 0; i < 64; prime++) {
  let isPrime = true;
  for (let divisor = 2; divisor * divisor <= prime; divisor++) isPrime &&= prime % divisor !== 0;
  if (isPrime) K[i++] = Math.floor((Math.cbrt(prime) % 1) * 2 ** 32);
}

/** SHA-224's initial value (FIPS 180-4 section 5.3.2). */
const INITIAL = [0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4];

const LENGTH = 28;
const schedule = new Int32Array(64);
const encoder = new TextEncoder();
let buffer = new Uint8Array(1024);

/**
 * SHA-224 (FIPS 180-4) of the bytes of `before`, then of `text` in UTF-8. A dump has tens of thousands of rules, each of which is
 * digested once: it works in one buffer, several times faster than a general one.
 */
export function ruleDigest(before: Uint8Array | null, text: string): Uint8Array {
  const start = before === null ? 0 : before.length;
  const needed = start + text.length * 3 + 72;
  if (buffer.length < needed) buffer = new Uint8Array(needed * 2);
  if (before !== null) buffer.set(before);
  const length = start + encoder.encodeInto(text, buffer.subarray(start)).written;
  const end = ((length + 8) >> 6) * 64 + 64;
  buffer.fill(0, length, end);
  buffer[length] = 0x80;
  writeWord(buffer, end - 4, length * 8);
  let [h0 = 0, h1 = 0, h2 = 0, h3 = 0, h4 = 0, h5 = 0, h6 = 0, h7 = 0] = INITIAL;
  const w = schedule;
  for (let block = 0; block < end; block += 64) {
    for (let t = 0; t < 16; t++) {
      const i = block + t * 4;
      w[t] = (byte(i) << 24) | (byte(i + 1) << 16) | (byte(i + 2) << 8) | byte(i + 3);
    }
    for (let t = 16; t < 64; t++) {
      const x = w[t - 15] ?? 0;
      const y = w[t - 2] ?? 0;
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[t] = ((w[t - 16] ?? 0) + s0 + (w[t - 7] ?? 0) + s1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = [h0, h1, h2, h3, h4, h5, h6, h7];
    for (let t = 0; t < 64; t++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (K[t] ?? 0) + (w[t] ?? 0)) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    h0 = (h0 + a) | 0;
    h1 = (h1 + b) | 0;
    h2 = (h2 + c) | 0;
    h3 = (h3 + d) | 0;
    h4 = (h4 + e) | 0;
    h5 = (h5 + f) | 0;
    h6 = (h6 + g) | 0;
    h7 = (h7 + h) | 0;
  }
  const digest = new Uint8Array(LENGTH);
  for (const [i, word] of [h0, h1, h2, h3, h4, h5, h6].entries()) writeWord(digest, i * 4, word);
  return digest;
}

function byte(at: number): number {
  return buffer[at] ?? 0;
}

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}
