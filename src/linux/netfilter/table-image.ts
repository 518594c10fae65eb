import type { ChainTable } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import type { Backend, MatchFunction, TargetFunction } from "./extension.ts";
import {
  type Instructions,
  type InterfacePattern,
  OP_CALL,
  OP_DST6,
  OP_END,
  OP_IN,
  OP_OUT,
  OP_SRC6,
  OPERANDS,
  type Program,
  programOf,
  RULE_WORDS,
  type Selector6,
  TARGET_CALL,
  TARGET_DNAT,
  TARGET_GOTO,
  TARGET_JUMP,
} from "./program.ts";
import { NF_ACCEPT, NF_DROP, type Verdict } from "./verdict.ts";

/**
 * The chains of a table of one host in one piece: a node has thousands of short chains, and walking through one takes as long as
 * fetching it from memory. A chain is known by its place, where the number of its rules and its own number stand, then what
 * its program holds, with all places and numbers as they are in the image. A chain joins the others when a packet first comes to it:
 * most chains of a large cluster are met by none.
 */
export interface TableImage extends Instructions {
  readonly table: ChainTable;
  readonly family: Family;
  readonly backend: Backend;
  /** Longer than what is in use; another array once it has grown, with the same words at the same places. */
  code: Int32Array;
  /** Words in use. */
  size: number;
  readonly tests: MatchFunction[];
  readonly calls: TargetFunction[];
  readonly patterns: InterfacePattern[];
  readonly patternNumbers: Map<string, number>;
  readonly selectors: Selector6[];
  /** By number of the chain. */
  readonly programs: Program[];
  /** Of the chains that have joined, by name. */
  readonly places: Map<string, number>;
  /** By number; null until somebody asks for it. */
  readonly chains: (BoundChain | null)[];
  /** Chains that jumps lead to and no packet has come to yet. */
  readonly awaited: string[];
  readonly awaitedNumbers: Map<string, number>;
}

/** A chain in the table of a host, for those who speak of it. */
export interface BoundChain {
  readonly program: Program;
  /** `filter`, or `inet filter` of nft's own. */
  readonly table: string;
  readonly backend: Backend;
  readonly image: TableImage;
  readonly place: number;
  /** Number of rules. */
  readonly count: number;
  /** What happens at its end: its policy, or ACCEPT. */
  readonly policy: Verdict;
}

/** Words before those of the program. */
const CHAIN_WORDS = 2;
/** The place of no chain: what a jump to a chain that does not exist leads to. */
export const NOWHERE = -1;
/** Jumps to chains that have not joined have this and lower numbers instead of a place. */
const FIRST_AWAITED = -2;

/** Number of rules of the chain at a place. */
export function countAt({ code }: TableImage, place: number): number {
  return code[place] ?? 0;
}

export function programAt({ code, programs }: TableImage, place: number): Program | undefined {
  return programs[code[place + 1] ?? 0];
}

/** Where the words of a rule of the chain at a place stand: its start, its target, the target's argument. */
export function ruleAt(place: number, rule: number): number {
  return place + CHAIN_WORDS + rule * RULE_WORDS;
}

/** The chain at a place. */
export function chainAt(image: TableImage, place: number): BoundChain {
  const number = image.code[place + 1] ?? 0;
  const known = image.chains[number] ?? null;
  if (known !== null) return known;
  const program = image.programs[number];
  if (program === undefined) throw new Error("no chain begins there");
  const chain: BoundChain = {
    program,
    table: image.table.name,
    backend: image.backend,
    image,
    place,
    count: program.count,
    policy: program.chain.policy === "DROP" ? NF_DROP : NF_ACCEPT,
  };
  image.chains[number] = chain;
  return chain;
}

/** An image of a table that no chain has joined yet. */
export function tableImage(table: ChainTable, family: Family, backend: Backend): TableImage {
  return {
    table,
    family,
    backend,
    code: new Int32Array(FIRST_WORDS),
    size: 0,
    tests: [],
    calls: [],
    patterns: [],
    patternNumbers: new Map(),
    selectors: [],
    programs: [],
    places: new Map(),
    chains: [],
    awaited: [],
    awaitedNumbers: new Map(),
  };
}

/** Room of an image before its first chain. */
const FIRST_WORDS = 64;

/** The place of the chain of that name, which joins the image if it has not; NOWHERE if the table has none. */
export function placeOf(image: TableImage, name: string): number {
  const known = image.places.get(name);
  if (known !== undefined) return known;
  const chain = image.table.chains.get(name);
  if (chain === undefined) return NOWHERE;
  return join(image, programOf(chain, image.family, image.backend));
}

/** Where a jump leads whose argument is below zero; from then on its argument tells so itself. */
export function arriveAt(image: TableImage, jump: number): number {
  const argument = image.code[jump + 2] ?? NOWHERE;
  if (argument > FIRST_AWAITED) return argument;
  const place = placeOf(image, image.awaited[FIRST_AWAITED - argument] ?? "");
  image.code[jump + 2] = place;
  return place;
}

function join(image: TableImage, program: Program): number {
  const { tests, calls, selectors } = image;
  const place = image.size;
  const number = image.programs.push(program) - 1;
  image.chains.push(null);
  image.places.set(program.chain.name, place);
  image.size += CHAIN_WORDS + program.code.length;
  if (image.size > image.code.length) {
    const before = image.code;
    image.code = new Int32Array(Math.max(image.size, 2 * before.length));
    image.code.set(before);
  }
  const { code } = image;
  const start = place + CHAIN_WORDS;
  code[place] = program.count;
  code[place + 1] = number;
  code.set(program.code, start);
  for (let rule = 0; rule < program.count; rule++) {
    const head = ruleAt(place, rule);
    code[head] = (code[head] ?? 0) + start;
    moveOperands(image, program, code[head] ?? 0);
    const argument = code[head + 2] ?? 0;
    switch (code[head + 1]) {
      case TARGET_JUMP:
      case TARGET_GOTO:
        code[head + 2] = destinationOf(image, program.jumps[argument] ?? "");
        break;
      case TARGET_CALL:
        code[head + 2] = argument + calls.length;
        break;
      case TARGET_DNAT:
        code[head + 2] = argument + start;
        break;
    }
  }
  for (const test of program.tests) tests.push(test);
  for (const call of program.calls) calls.push(call);
  for (const selector of program.selectors) selectors.push(selector);
  return place;
}

/** What stands for a chain in the jumps to it. */
function destinationOf({ places, awaited, awaitedNumbers }: TableImage, name: string): number {
  const place = places.get(name);
  if (place !== undefined) return place;
  const known = awaitedNumbers.get(name);
  if (known !== undefined) return FIRST_AWAITED - known;
  const number = awaited.push(name) - 1;
  awaitedNumbers.set(name, number);
  return FIRST_AWAITED - number;
}

/** The numbers in a rule's instructions, as they are in the image. */
function moveOperands(image: TableImage, program: Program, start: number): void {
  const { code, tests, selectors } = image;
  for (let at = start; code[at] !== OP_END; at += 1 + (OPERANDS[code[at] ?? 0] ?? 0)) {
    const operand = code[at + 1] ?? 0;
    switch (code[at]) {
      case OP_SRC6:
      case OP_DST6:
        code[at + 1] = operand + selectors.length;
        break;
      case OP_IN:
      case OP_OUT:
        code[at + 1] = patternNumber(image, program.patterns[operand]);
        break;
      case OP_CALL:
        code[at + 1] = operand + tests.length;
        break;
    }
  }
}

function patternNumber({ patterns, patternNumbers }: TableImage, pattern: InterfacePattern | undefined): number {
  if (pattern === undefined) return 0;
  const key = pattern.wildcard ? `${pattern.text}+` : pattern.text;
  const known = patternNumbers.get(key);
  if (known !== undefined) return known;
  const number = patterns.push(pattern) - 1;
  patternNumbers.set(key, number);
  return number;
}
