import { compress, SCHEDULE } from "../../net/sha2-block.ts";

/** SHA-224's initial value (FIPS 180-4 section 5.3.2). */
const INITIAL = [0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4];

const LENGTH = 28;
const STATE = new Int32Array(8);
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
  STATE.set(INITIAL);
  for (let block = 0; block < end; block += 64) {
    for (let t = 0; t < 16; t++) {
      const i = block + t * 4;
      SCHEDULE[t] = (byte(i) << 24) | (byte(i + 1) << 16) | (byte(i + 2) << 8) | byte(i + 3);
    }
    compress(STATE);
  }
  const digest = new Uint8Array(LENGTH);
  for (let i = 0; i < LENGTH / 4; i++) writeWord(digest, i * 4, STATE[i] ?? 0);
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
