import { describe, expect, test } from "vitest";
import { fnv32 } from "../../../src/calico/ipam/fnv32.ts";
import { goRandom, goRandomBelow } from "../../../src/calico/ipam/go-random.ts";
import { GO_RANDOM_STATE } from "../../../src/calico/ipam/go-random-state.ts";

/** Printed by a program of go 1.19: hash/fnv New32, rand.New(rand.NewSource(hash)), big.Int.Rand below 2^bits. */
const FROM_GO: readonly (readonly [name: string, hash: number, bits: number, drawn: bigint])[] = [
  ["node1", 3957252814, 10, 666n],
  ["worker-1", 2999756865, 10, 905n],
  ["controlplane", 3777536582, 10, 197n],
  ["node1", 3957252814, 0, 0n],
  ["node1", 3957252814, 1, 0n],
  ["node1", 3957252814, 42, 3624476939860n],
  ["node1", 3957252814, 74, 16499189050304013659613n],
  ["host-a", 1258779341, 16, 6360n],
];

test.each(FROM_GO)("a random number seeded with %s is Go's (hash %i, %i bits)", (name, hash, bits, drawn) => {
  expect(fnv32(name)).toBe(hash);
  expect(goRandomBelow(goRandom(hash), 1n << BigInt(bits))).toBe(drawn);
});

describe("the table of Go's warmed-up state", () => {
  const LENGTH = 607;
  const TAP = 273;
  const STEPS = 7_800_000_000_000;
  const WORD = 64n;
  const MASK = (1n << WORD) - 1n;

  type Polynomial = readonly bigint[];

  /** x^607 = x^334 + 1: each number is the sum of the 607th and the 273rd before it, modulo 2^64. */
  function reduced(product: bigint[]): Polynomial {
    for (let power = product.length - 1; power >= LENGTH; power--) {
      const factor = product[power] ?? 0n;
      product[power - LENGTH] = ((product[power - LENGTH] ?? 0n) + factor) & MASK;
      product[power - LENGTH + (LENGTH - TAP)] = ((product[power - LENGTH + (LENGTH - TAP)] ?? 0n) + factor) & MASK;
    }
    return product.slice(0, LENGTH);
  }

  /** The square, by one product of two long numbers in which each coefficient has 160 bits of room. */
  function squared(polynomial: Polynomial): bigint[] {
    const room = 160n;
    let packed = 0n;
    for (let power = polynomial.length - 1; power >= 0; power--) packed = (packed << room) | (polynomial[power] ?? 0n);
    let rest = packed * packed;
    const roomMask = (1n << room) - 1n;
    return Array.from({ length: 2 * LENGTH - 1 }, () => {
      const coefficient = rest & roomMask & MASK;
      rest >>= room;
      return coefficient;
    });
  }

  test("follows from its recurrence", () => {
    // x^steps, by squaring
    let power: Polynomial = [1n, ...new Array<bigint>(LENGTH - 1).fill(0n)];
    for (const bit of STEPS.toString(2)) {
      power = reduced(squared(power));
      if (bit === "1") power = reduced([0n, ...power]);
    }
    // it starts from Lehmer's numbers of the seed 1, the oldest in the middle of its table
    let lehmer = 1;
    const next = (): bigint => {
      lehmer = (lehmer * 48271) % 2147483647;
      return BigInt(lehmer);
    };
    for (let i = 0; i < 20; i++) next();
    const table = Array.from({ length: LENGTH }, () => (next() << 20n) ^ (next() << 10n) ^ next());
    const place = (n: number): number => (((LENGTH - TAP - 1 - n) % LENGTH) + LENGTH) % LENGTH;
    const numbers = table.map((_, n) => table[place(n)] ?? 0n);
    for (let n = LENGTH; n < 2 * LENGTH; n++)
      numbers.push(((numbers[n - LENGTH] ?? 0n) + (numbers[n - TAP] ?? 0n)) & MASK);
    const warm = new Array<bigint>(LENGTH);
    for (let n = 0; n < LENGTH; n++) {
      const sum = power.reduce((total, factor, i) => total + factor * (numbers[i + n] ?? 0n), 0n);
      warm[place((STEPS % LENGTH) + n)] = sum & MASK;
    }
    const bytes = atob(GO_RANDOM_STATE);
    const committed = warm.map((_, word) =>
      Array.from({ length: 8 }, (_, byte) => BigInt(bytes.charCodeAt(8 * word + 7 - byte))).reduce(
        (value, byte) => (value << 8n) | byte,
        0n,
      ),
    );
    expect(committed).toEqual(warm);
  });
});
