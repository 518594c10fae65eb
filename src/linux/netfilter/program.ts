import type { Chain, Rule } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import type { ChainIndex } from "./chain-index.ts";
import type { Backend, CompiledMatch, MatchFunction, TargetFunction } from "./extension.ts";
import type { LeadingAddresses } from "./leading-addresses.ts";
import { compileMatch } from "./matches/table.ts";
import { classifyCall, classifyTest } from "./stability.ts";
import { compileTarget, targetInstruction } from "./targets/table.ts";

/** Instructions of a compiled rule; each is followed by its operands in `code`. */
export const OP_END = 0;
/** value, mask, invert */
export const OP_SRC = 1;
export const OP_DST = 2;
/** index into `selectors`, invert */
export const OP_SRC6 = 3;
export const OP_DST6 = 4;
/** index into `patterns`, invert */
export const OP_IN = 5;
export const OP_OUT = 6;
/** number, invert */
export const OP_PROTOCOL = 7;
/** invert */
export const OP_FRAGMENT = 8;
/** first, last, invert */
export const OP_SPORT = 9;
export const OP_DPORT = 10;
/** value, mask, invert */
export const OP_MARK = 11;
/** bits, invert */
export const OP_CTSTATE = 12;
/** index into `tests` */
export const OP_CALL = 13;
export const OP_NEVER = 14;
/** number of the draw, invert */
export const OP_RANDOM = 15;
/** number, invert: of IPv6 in nftables, which takes an authentication header for what the packet carries */
export const OP_NFT_PROTOCOL = 16;

/** Words after each instruction. */
export const OPERANDS: readonly number[] = [0, 3, 3, 2, 2, 2, 2, 2, 1, 3, 3, 3, 2, 1, 0, 2, 2];

/** What stands in `code` for each rule, before all instructions: where its own start, target, the target's argument. */
export const RULE_WORDS = 3;

/** What happens when a rule matches. */
export const TARGET_NONE = 0;
export const TARGET_ACCEPT = 1;
export const TARGET_DROP = 2;
export const TARGET_RETURN = 3;
/** `argument` is an index into `jumps`. */
export const TARGET_JUMP = 4;
export const TARGET_GOTO = 5;
/** `argument` is an index into `calls`. */
export const TARGET_CALL = 6;
/** `argument` is where in `code` the address and the port stand. */
export const TARGET_DNAT = 7;

/** A pattern of `-i`/`-o`: the name, or its start when `wildcard`. */
export interface InterfacePattern {
  readonly text: string;
  readonly wildcard: boolean;
}

/** ifname_compare_aligned() (include/linux/netfilter/x_tables.h): the whole name, or its beginning. */
export function nameMatches(pattern: InterfacePattern, name: string): boolean {
  return pattern.wildcard ? name.startsWith(pattern.text) : name === pattern.text;
}

/** Eight words: address then mask. */
export type Selector6 = Int32Array;

/** Instructions, and what they refer to by number. */
export interface Instructions {
  readonly code: ArrayLike<number>;
  readonly tests: readonly MatchFunction[];
  readonly calls: readonly TargetFunction[];
  readonly patterns: readonly InterfacePattern[];
  readonly selectors: readonly Selector6[];
}

/**
 * A chain compiled once for all hosts that share it. Jumps are names here; `table-image.ts` joins them per table.
 */
export interface Program extends Instructions {
  readonly chain: Chain;
  readonly family: Family;
  /** Number of rules. */
  readonly count: number;
  /** RULE_WORDS words of each rule, then the instructions, all int32. */
  readonly code: readonly number[];
  readonly jumps: readonly string[];
  /** Walks so far: a long chain that is walked often gets an index. */
  walks: number;
  index: ChainIndex | null;
  /** Undefined until a long chain is walked again. */
  leading: LeadingAddresses | null | undefined;
}

const programs: Readonly<Record<Backend, WeakMap<Chain, Program>>> = { legacy: new WeakMap(), nft: new WeakMap() };

/** The compiled form of a chain, made once per chain object and backend. */
export function programOf(chain: Chain, family: Family, backend: Backend): Program {
  const known = programs[backend].get(chain);
  if (known !== undefined) return known;
  const program = compileChain(chain, family, backend);
  programs[backend].set(chain, program);
  return program;
}

interface Builder {
  readonly code: number[];
  readonly jumps: string[];
  readonly jumpIndex: Map<string, number>;
  readonly tests: MatchFunction[];
  readonly calls: TargetFunction[];
  readonly patterns: InterfacePattern[];
  readonly patternIndex: Map<string, number>;
  readonly selectors: Selector6[];
}

function compileChain(chain: Chain, family: Family, backend: Backend): Program {
  const builder: Builder = {
    code: [],
    jumps: [],
    jumpIndex: new Map(),
    tests: [],
    calls: [],
    patterns: [],
    patternIndex: new Map(),
    selectors: [],
  };
  const count = chain.rules.length;
  const heads: number[] = [];
  for (const rule of chain.rules) {
    heads.push(count * RULE_WORDS + builder.code.length);
    emitTests(builder, rule, family, backend);
    builder.code.push(OP_END);
    heads.push(...targetOf(builder, rule, family, count * RULE_WORDS));
  }
  return {
    chain,
    family,
    count,
    code: heads.concat(builder.code),
    jumps: exact(builder.jumps),
    tests: exact(builder.tests),
    calls: exact(builder.calls),
    patterns: exact(builder.patterns),
    selectors: exact(builder.selectors),
    walks: 0,
    index: null,
    leading: undefined,
  };
}

const NOTHING: readonly never[] = [];

/** Without the room that a growing array keeps, most of which a short chain would never use. */
function exact<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? NOTHING : list.slice();
}

function emitTests(builder: Builder, rule: Rule, family: Family, backend: Backend): void {
  const { code } = builder;
  emitAddress(builder, rule.source, family, OP_SRC, OP_SRC6);
  emitAddress(builder, rule.destination, family, OP_DST, OP_DST6);
  if (rule.inInterface !== null) {
    code.push(OP_IN, pattern(builder, rule.inInterface.pattern), rule.inInterface.invert ? 1 : 0);
  }
  if (rule.outInterface !== null) {
    code.push(OP_OUT, pattern(builder, rule.outInterface.pattern), rule.outInterface.invert ? 1 : 0);
  }
  const ofProtocol = family === 6 && backend === "nft" ? OP_NFT_PROTOCOL : OP_PROTOCOL;
  if (rule.protocol !== null) code.push(ofProtocol, rule.protocol.number, rule.protocol.invert ? 1 : 0);
  if (rule.fragment !== null) code.push(OP_FRAGMENT, rule.fragment.invert ? 1 : 0);
  for (const match of rule.matches) {
    const compiled = compileMatch(match, rule, family, backend);
    for (const test of isList(compiled) ? compiled : [compiled]) {
      if (test.kind === "call") classifyTest(match, test.test);
      emitMatch(builder, test);
    }
  }
}

function isList(compiled: CompiledMatch | readonly CompiledMatch[]): compiled is readonly CompiledMatch[] {
  return Array.isArray(compiled);
}

function emitAddress(builder: Builder, selector: Rule["source"], family: Family, op: number, op6: number): void {
  if (selector === null) return;
  const { address, mask } = selector;
  const invert = selector.invert ? 1 : 0;
  if (family === 4) {
    builder.code.push(op, address.a & mask.a, mask.a | 0, invert);
    return;
  }
  const words = [
    address.a & mask.a,
    address.b & mask.b,
    address.c & mask.c,
    address.d & mask.d,
    mask.a,
    mask.b,
    mask.c,
    mask.d,
  ];
  builder.code.push(op6, builder.selectors.push(Int32Array.from(words)) - 1, invert);
}

function pattern(builder: Builder, text: string): number {
  const known = builder.patternIndex.get(text);
  if (known !== undefined) return known;
  const wildcard = text.endsWith("+");
  const index = builder.patterns.push({ text: wildcard ? text.slice(0, -1) : text, wildcard }) - 1;
  builder.patternIndex.set(text, index);
  return index;
}

function emitMatch(builder: Builder, test: CompiledMatch): void {
  const { code } = builder;
  switch (test.kind) {
    case "always":
      return;
    case "never":
      code.push(OP_NEVER);
      return;
    case "sport":
      code.push(OP_SPORT, test.first, test.last, test.invert ? 1 : 0);
      return;
    case "dport":
      code.push(OP_DPORT, test.first, test.last, test.invert ? 1 : 0);
      return;
    case "mark":
      code.push(OP_MARK, test.value | 0, test.mask | 0, test.invert ? 1 : 0);
      return;
    case "ctstate":
      code.push(OP_CTSTATE, test.bits, test.invert ? 1 : 0);
      return;
    case "random":
      code.push(OP_RANDOM, test.draw, test.invert ? 1 : 0);
      return;
    case "call":
      code.push(OP_CALL, builder.tests.push(test.test) - 1);
      return;
  }
}

/** The target and its argument; `offset` is where the instructions of the chain begin. */
function targetOf(builder: Builder, rule: Rule, family: Family, offset: number): [number, number] {
  const { target } = rule;
  if (target === null) return [TARGET_NONE, 0];
  switch (target.kind) {
    case "verdict":
      return [{ ACCEPT: TARGET_ACCEPT, DROP: TARGET_DROP, RETURN: TARGET_RETURN }[target.verdict], 0];
    case "jump":
      return [TARGET_JUMP, jump(builder, target.chain)];
    case "goto":
      return [TARGET_GOTO, jump(builder, target.chain)];
    case "extension": {
      const dnat = targetInstruction(target.call);
      if (dnat !== null) return [TARGET_DNAT, offset + builder.code.push(dnat.address | 0, dnat.port) - 2];
      const call = compileTarget(target.call, rule, family);
      classifyCall(target.call, call);
      return [TARGET_CALL, builder.calls.push(call) - 1];
    }
  }
}

function jump(builder: Builder, chain: string): number {
  const known = builder.jumpIndex.get(chain);
  if (known !== undefined) return known;
  const index = builder.jumps.push(chain) - 1;
  builder.jumpIndex.set(chain, index);
  return index;
}
