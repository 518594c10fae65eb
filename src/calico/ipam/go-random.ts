import { GO_RANDOM_STATE } from "./go-random-state.ts";

const LENGTH = 607;
const TAP = 273;
const MODULUS = 2147483647;
const MULTIPLIER = 48271;
const WORD = (1n << 64n) - 1n;

function stateWords(): readonly bigint[] {
  const bytes = atob(GO_RANDOM_STATE);
  return Array.from({ length: LENGTH }, (_, word) => {
    let value = 0n;
    for (let byte = 7; byte >= 0; byte--) value = (value << 8n) | BigInt(bytes.charCodeAt(word * 8 + byte));
    return value;
  });
}

let warm: readonly bigint[] | null = null;

/**
 * The 32-bit numbers that Go's `rand.New(rand.NewSource(seed))` gives (math/rand/rng.go, `Uint32`). Calico takes
 * its first block of a pool from them.
 */
export function goRandom(seed: number): () => number {
  warm ??= stateWords();
  const mixed = warm;
  // Lehmer's generator spreads the seed over the words: 20 numbers are thrown away, three make a word
  const numbers = new Float64Array(LENGTH * 3);
  let x = seed % MODULUS;
  if (x < 0) x += MODULUS;
  if (x === 0) x = 89482311;
  for (let i = -20; i < numbers.length; i++) {
    x = (x * MULTIPLIER) % MODULUS;
    if (i >= 0) numbers[i] = x;
  }
  const words = new Map<number, bigint>();
  const wordAt = (index: number): bigint => {
    const present = words.get(index);
    if (present !== undefined) return present;
    const part = (offset: number): bigint => BigInt(numbers[index * 3 + offset] ?? 0);
    const word = ((part(0) << 40n) ^ (part(1) << 20n) ^ part(2) ^ (mixed[index] ?? 0n)) & WORD;
    words.set(index, word);
    return word;
  };
  let tap = 0;
  let feed = LENGTH - TAP;
  return () => {
    tap = tap === 0 ? LENGTH - 1 : tap - 1;
    feed = feed === 0 ? LENGTH - 1 : feed - 1;
    const sum = (wordAt(feed) + wordAt(tap)) & WORD;
    words.set(feed, sum);
    return Number((sum >> 31n) & 0xffffffffn);
  };
}

/** A number below the limit, as Go's `big.Int.Rand` draws it on a machine with words of 64 bits. */
export function goRandomBelow(next: () => number, limit: bigint): bigint {
  if (limit <= 0n) return 0n;
  const bits = limit.toString(2).length;
  const words = Math.ceil(bits / 64);
  const mask = (1n << BigInt(bits - (words - 1) * 64)) - 1n;
  for (;;) {
    let drawn = 0n;
    for (let word = 0; word < words; word++) {
      let value = BigInt(next()) | (BigInt(next()) << 32n);
      if (word === words - 1) value &= mask;
      drawn |= value << BigInt(64 * word);
    }
    if (drawn < limit) return drawn;
  }
}
