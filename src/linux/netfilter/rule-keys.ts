import { type Address, ipv4 } from "../../net/address.ts";
import { addressBits, maskLength, type Prefix } from "../../net/prefix.ts";
import {
  type InterfacePattern,
  OP_CTSTATE,
  OP_DPORT,
  OP_DST,
  OP_DST6,
  OP_FRAGMENT,
  OP_IN,
  OP_MARK,
  OP_NEVER,
  OP_NFT_PROTOCOL,
  OP_OUT,
  OP_PROTOCOL,
  OP_SPORT,
  OP_SRC,
  OP_SRC6,
  type Program,
  RULE_WORDS,
} from "./program.ts";

/** What a chain is indexed by. */
export const BY_DESTINATION = 0;
export const BY_SOURCE = 1;
export const BY_DPORT = 2;
export const BY_SPORT = 3;
export const BY_INPUT = 4;
export const BY_OUTPUT = 5;
export const BY_PROTOCOL = 6;

export type Field = 0 | 1 | 2 | 3 | 4 | 5 | 6;

/** A value of one field without which a rule cannot match. */
export interface RuleKey {
  readonly field: Field;
  /** Equal for equal values of one field. */
  readonly id: number | string;
  /** What the field of a packet must lie in; ports stand in the upper 16 bits of an IPv4 address, protocols in 8. */
  readonly prefixes: readonly Prefix[];
  readonly pattern: InterfacePattern | null;
  /** 0 for one value, more for values that many packets have: what a rare one weighs against a frequent one. */
  readonly breadth: number;
}

/**
 * The keys of a rule; null for one that never matches. Only tests before the first call count: what fails there fails
 * without asking or changing anything, so that a walk may leave the rule out.
 */
export function keysOfRule(program: Program, rule: number): readonly RuleKey[] | null {
  const { code, selectors, patterns } = program;
  const keys: RuleKey[] = [];
  let at = program.code[rule * RULE_WORDS] ?? 0;
  const word = (offset: number): number => code[at + offset] ?? 0;
  for (;;) {
    const op = code[at];
    switch (op) {
      case OP_SRC:
      case OP_DST: {
        const key = word(3) === 1 ? null : addressKey(op === OP_SRC, ipv4(word(1)), ipv4(word(2)));
        if (key !== null) keys.push(key);
        at += 4;
        continue;
      }
      case OP_SRC6:
      case OP_DST6: {
        const words = selectors[word(1)] ?? [];
        const key = word(2) === 1 ? null : addressKey(op === OP_SRC6, address6(words, 0), address6(words, 4));
        if (key !== null) keys.push(key);
        at += 3;
        continue;
      }
      case OP_IN:
      case OP_OUT: {
        const pattern = patterns[word(1)];
        if (word(2) === 0 && pattern !== undefined && !(pattern.wildcard && pattern.text === "")) {
          keys.push({
            field: op === OP_IN ? BY_INPUT : BY_OUTPUT,
            id: word(1),
            prefixes: [],
            pattern,
            breadth: pattern.wildcard ? 4 : 0,
          });
        }
        at += 3;
        continue;
      }
      case OP_PROTOCOL:
      case OP_NFT_PROTOCOL:
        if (word(2) === 0) keys.push(protocolKey(word(1)));
        at += 3;
        continue;
      case OP_FRAGMENT:
        at += 2;
        continue;
      case OP_SPORT:
      case OP_DPORT:
        if (word(3) === 0) keys.push(portKey(op === OP_SPORT ? BY_SPORT : BY_DPORT, word(1), word(2)));
        at += 4;
        continue;
      case OP_MARK:
        at += 4;
        continue;
      case OP_CTSTATE:
        at += 3;
        continue;
      case OP_NEVER:
        return null;
      default:
        return keys;
    }
  }
}

function address6(words: ArrayLike<number>, at: number): Address {
  const word = (offset: number): number => (words[at + offset] ?? 0) >>> 0;
  return { family: 6, a: word(0), b: word(1), c: word(2), d: word(3) };
}

/** Null for a mask with holes, or one that lets everything through. */
function addressKey(source: boolean, address: Address, mask: Address): RuleKey | null {
  const length = maskLength(mask);
  if (length === null || length === 0) return null;
  const { family, a, b, c, d } = address;
  return {
    field: source ? BY_SOURCE : BY_DESTINATION,
    id: family === 4 ? a * 64 + length : `${a} ${b} ${c} ${d} ${length}`,
    prefixes: [{ address, length }],
    pattern: null,
    breadth: ((addressBits(family) - length) * 8) / addressBits(family),
  };
}

function protocolKey(protocol: number): RuleKey {
  return {
    field: BY_PROTOCOL,
    id: protocol,
    prefixes: [{ address: ipv4(protocol << 24), length: 8 }],
    pattern: null,
    breadth: 16,
  };
}

function portKey(field: Field, first: number, last: number): RuleKey {
  return {
    field,
    id: first * 65536 + last,
    prefixes: portBlocks(first, last),
    pattern: null,
    breadth: Math.log2(last - first + 1) / 2,
  };
}

/** A range of ports as at most 30 aligned blocks. */
function portBlocks(first: number, last: number): readonly Prefix[] {
  const blocks: Prefix[] = [];
  for (let port = first; port <= last; ) {
    let bits = port === 0 ? 16 : Math.min(16, 31 - Math.clz32(port & -port));
    while (port + (1 << bits) - 1 > last) bits--;
    blocks.push({ address: ipv4((port << 16) >>> 0), length: 16 - bits });
    port += 1 << bits;
  }
  return blocks;
}
