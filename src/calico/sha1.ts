function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

const ENCODER = new TextEncoder();
const schedule = new Int32Array(80);
const state = new Int32Array(5);

/** SHA-1 (FIPS 180-4 section 6.1) of a text's UTF-8 bytes, as 40 hexadecimal digits. For names, not for secrets. */
export function sha1(text: string): string {
  const bytes = ENCODER.encode(text);
  const words = new Int32Array((((bytes.length + 8) >> 6) + 1) * 16);
  const write = (byte: number, at: number): void => {
    words[at >> 2] = (words[at >> 2] ?? 0) | (byte << (24 - (at % 4) * 8));
  };
  bytes.forEach(write);
  write(0x80, bytes.length);
  words[words.length - 1] = bytes.length * 8;
  state.set([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);
  for (let block = 0; block < words.length; block += 16) compress(words, block);
  let digits = "";
  for (const word of state) digits += (word >>> 0).toString(16).padStart(8, "0");
  return digits;
}

/** Section 6.1.2, steps 1 to 4. */
function compress(words: Int32Array, block: number): void {
  const w = (t: number): number => schedule[t] ?? 0;
  for (let t = 0; t < 16; t++) schedule[t] = words[block + t] ?? 0;
  for (let t = 16; t < 80; t++) schedule[t] = rotate(w(t - 3) ^ w(t - 8) ^ w(t - 14) ^ w(t - 16), 1);
  const h = (i: number): number => state[i] ?? 0;
  let a = h(0);
  let b = h(1);
  let c = h(2);
  let d = h(3);
  let e = h(4);
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
    const next = (rotate(a, 5) + f + e + k + w(t)) | 0;
    e = d;
    d = c;
    c = rotate(b, 30);
    b = a;
    a = next;
  }
  state[0] = h(0) + a;
  state[1] = h(1) + b;
  state[2] = h(2) + c;
  state[3] = h(3) + d;
  state[4] = h(4) + e;
}
