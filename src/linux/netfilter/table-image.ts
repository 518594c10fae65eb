import type { TableName } from "../../model/ruleset.ts";
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
  RULE_WORDS,
  type Selector6,
  TARGET_CALL,
  TARGET_DNAT,
  TARGET_GOTO,
  TARGET_JUMP,
} from "./program.ts";

/**
 * The chains of a table of one host in one piece, every jump resolved: a node has thousands of short chains, and walking
 * through one takes as long as fetching it from memory. A chain is known by its place, where the number of its rules and
 * its own number stand, then what its program holds, with all places and numbers as they are in the image.
 */
export interface TableImage extends Instructions {
  readonly name: TableName;
  readonly backend: Backend;
  readonly code: Int32Array;
  /** By number of the chain. */
  readonly programs: readonly Program[];
  readonly places: Int32Array;
  /** By number; null until somebody asks for it. */
  readonly chains: (BoundChain | null)[];
}

/** A chain in the table of a host, for those who speak of it. */
export interface BoundChain {
  readonly program: Program;
  readonly table: TableName;
  readonly backend: Backend;
  readonly image: TableImage;
  readonly place: number;
}

/** Words before those of the program. */
const CHAIN_WORDS = 2;
/** The place of no chain: what a jump to a chain that does not exist leads to. */
export const NOWHERE = -1;

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
  const chain: BoundChain = { program, table: image.name, backend: image.backend, image, place };
  image.chains[number] = chain;
  return chain;
}

/** Joins the programs of a table; linear in their words. */
export function tableImage(name: TableName, backend: Backend, programs: readonly Program[]): TableImage {
  const places = new Int32Array(programs.length);
  const placeOf = new Map<string, number>();
  let size = 0;
  for (const [number, { chain, code }] of programs.entries()) {
    places[number] = size;
    placeOf.set(chain.name, size);
    size += CHAIN_WORDS + code.length;
  }
  const joining: Joining = {
    code: new Int32Array(size),
    tests: [],
    calls: [],
    patterns: [],
    patternNumbers: new Map(),
    selectors: [],
    placeOf,
  };
  for (const [number, program] of programs.entries()) join(joining, program, number, places[number] ?? 0);
  const { code, tests, calls, patterns, selectors } = joining;
  const chains = new Array<BoundChain | null>(programs.length).fill(null);
  return { name, backend, code, programs, places, chains, tests, calls, patterns, selectors };
}

interface Joining {
  readonly code: Int32Array;
  readonly tests: MatchFunction[];
  readonly calls: TargetFunction[];
  readonly patterns: InterfacePattern[];
  readonly patternNumbers: Map<string, number>;
  readonly selectors: Selector6[];
  readonly placeOf: ReadonlyMap<string, number>;
}

function join(joining: Joining, program: Program, number: number, place: number): void {
  const { code, tests, calls, selectors, placeOf } = joining;
  const start = place + CHAIN_WORDS;
  code[place] = program.count;
  code[place + 1] = number;
  code.set(program.code, start);
  for (let rule = 0; rule < program.count; rule++) {
    const head = ruleAt(place, rule);
    code[head] = (code[head] ?? 0) + start;
    moveOperands(joining, program, code[head] ?? 0);
    const argument = code[head + 2] ?? 0;
    switch (code[head + 1]) {
      case TARGET_JUMP:
      case TARGET_GOTO:
        code[head + 2] = placeOf.get(program.jumps[argument] ?? "") ?? NOWHERE;
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
}

/** The numbers in a rule's instructions, as they are in the image. */
function moveOperands(joining: Joining, program: Program, start: number): void {
  const { code, tests, selectors } = joining;
  for (let at = start; code[at] !== OP_END; at += 1 + (OPERANDS[code[at] ?? 0] ?? 0)) {
    const operand = code[at + 1] ?? 0;
    switch (code[at]) {
      case OP_SRC6:
      case OP_DST6:
        code[at + 1] = operand + selectors.length;
        break;
      case OP_IN:
      case OP_OUT:
        code[at + 1] = patternNumber(joining, program.patterns[operand]);
        break;
      case OP_CALL:
        code[at + 1] = operand + tests.length;
        break;
    }
  }
}

function patternNumber({ patterns, patternNumbers }: Joining, pattern: InterfacePattern | undefined): number {
  if (pattern === undefined) return 0;
  const key = pattern.wildcard ? `${pattern.text}+` : pattern.text;
  const known = patternNumbers.get(key);
  if (known !== undefined) return known;
  const number = patterns.push(pattern) - 1;
  patternNumbers.set(key, number);
  return number;
}
