const ENCODER = new TextEncoder();
const schedule = new Int32Array(80);
const state = new Int32Array(5);

/** SHA-1 (FIPS 180-4 section 6.1) of a text's UTF-8 bytes, as 40 hexadecimal digits. For names, not for secrets. */
export function sha1(text: string): string {
  const bytes = ENCODER.encode(text);
  const { length } = bytes;
  const words = new Int32Array((((length + 8) >> 6) + 1) * 16);
  for (let at = 0; at <= length; at++) {
    const byte = at === length ? 0x80 : (bytes[at] ?? 0);
    words[at >> 2] = (words[at >> 2] ?? 0) | (byte << (24 - (at & 3) * 8));
  }
  words[words.length - 1] = length * 8;
  state[0] = 0x67452301;
  state[1] = 0xefcdab89;
  state[2] = 0x98badcfe;
  state[3] = 0x10325476;
  state[4] = 0xc3d2e1f0;
  for (let block = 0; block < words.length; block += 16) compress(words, block);
  let digits = "";
  for (let at = 0; at < 5; at++) digits += ((state[at] ?? 0) >>> 0).toString(16).padStart(8, "0");
  return digits;
}

/** Section 6.1.2, steps 1 to 4. Calls nothing: most names are hashed before the compiler has seen this. */
function compress(words: Int32Array, block: number): void {
  const w = schedule;
  for (let t = 0; t < 16; t++) w[t] = words[block + t] ?? 0;
  for (let t = 16; t < 80; t++) {
    const x = (w[t - 3] ?? 0) ^ (w[t - 8] ?? 0) ^ (w[t - 14] ?? 0) ^ (w[t - 16] ?? 0);
    w[t] = (x << 1) | (x >>> 31);
  }
  const h0 = state[0] ?? 0;
  const h1 = state[1] ?? 0;
  const h2 = state[2] ?? 0;
  const h3 = state[3] ?? 0;
  const h4 = state[4] ?? 0;
  let a = h0;
  let b = h1;
  let c = h2;
  let d = h3;
  let e = h4;
  for (let t = 0; t < 80; t++) {
    let f = b ^ c ^ d;
    let k = t < 40 ? 0x6ed9eba1 : 0xca62c1d6;
    if (t < 20) {
      f = (b & c) | (~b & d);
      k = 0x5a827999;
    } else if (t >= 40 && t < 60) {
      f = (b & c) | (b & d) | (c & d);
      k = 0x8f1bbcdc;
    }
    const next = (((a << 5) | (a >>> 27)) + f + e + k + (w[t] ?? 0)) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  state[0] = h0 + a;
  state[1] = h1 + b;
  state[2] = h2 + c;
  state[3] = h3 + d;
  state[4] = h4 + e;
}
