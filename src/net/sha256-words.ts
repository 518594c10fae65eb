import { compress, SCHEDULE, SHA256_INITIAL } from "./sha2-block.ts";

const STATE = new Int32Array(8);
const ENCODER = new TextEncoder();

/**
 * SHA-256 (FIPS 180-4 section 6.2) of a text's UTF-8 bytes as eight words, which the next call overwrites. Large clusters have
 * a hundred thousand chains with such hashes in their names.
 */
export function sha256Words(text: string): Int32Array {
  const bytes = ENCODER.encode(text);
  const blocks = ((bytes.length + 8) >> 6) + 1;
  const words = new Int32Array(blocks * 16);
  for (let i = 0; i < bytes.length; i++) {
    words[i >> 2] = (words[i >> 2] ?? 0) | ((bytes[i] ?? 0) << (24 - (i & 3) * 8));
  }
  words[bytes.length >> 2] = (words[bytes.length >> 2] ?? 0) | (0x80 << (24 - (bytes.length & 3) * 8));
  words[words.length - 1] = bytes.length * 8;
  STATE.set(SHA256_INITIAL);
  for (let block = 0; block < blocks; block++) {
    for (let t = 0; t < 16; t++) SCHEDULE[t] = words[block * 16 + t] ?? 0;
    compress(STATE);
  }
  return STATE;
}
