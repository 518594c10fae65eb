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

interface WarmState {
  readonly words: readonly bigint[];
  /** By how much the seed is multiplied, modulo MODULUS, for each of the three numbers of each word. */
  readonly factors: Float64Array;
}

let warm: WarmState | null = null;

/** Lehmer's generator spreads a seed: its first 20 numbers are thrown away, then three make a word. */
function warmState(): WarmState {
  const factors = new Float64Array(LENGTH * 3);
  let factor = 1;
  for (let i = -20; i < factors.length; i++) {
    factor = (factor * MULTIPLIER) % MODULUS;
    if (i >= 0) factors[i] = factor;
  }
  return { words: stateWords(), factors };
}

/** The product of two numbers of 31 bits modulo MODULUS, within the 53 bits of a double. */
function product(a: number, b: number): number {
  const high = (a * Math.floor(b / 65536)) % MODULUS;
  return (high * 65536 + a * (b % 65536)) % MODULUS;
}

/**
 * The 32-bit numbers that Go's `rand.New(rand.NewSource(seed))` gives (math/rand/rng.go, `Uint32`). Calico takes
 * its first block of a pool from them. Only the words that are asked for are made.
 */
export function goRandom(seed: number): () => number {
  warm ??= warmState();
  const { words: mixed, factors } = warm;
  let start = seed % MODULUS;
  if (start < 0) start += MODULUS;
  if (start === 0) start = 89482311;
  const words = new Map<number, bigint>();
  const wordAt = (index: number): bigint => {
    const present = words.get(index);
    if (present !== undefined) return present;
    const part = (offset: number): bigint => BigInt(product(start, factors[index * 3 + offset] ?? 0));
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
