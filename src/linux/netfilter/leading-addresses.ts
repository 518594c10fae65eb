import { OP_DST, OP_SRC, type Program, RULE_WORDS } from "./program.ts";

/**
 * Of a long chain whose rules mostly begin with one whole IPv4 address, as KUBE-SERVICES does: which rules begin with which. It takes as
 * long to make as the chain takes to be walked once, so that it pays from the second walk on, long before an index of all
 * fields (`chain-index.ts`) does.
 */
export interface LeadingAddresses {
  /** Rules that begin with anything else, ascending. */
  readonly rest: Int32Array;
  readonly sources: RulesByAddress;
  readonly destinations: RulesByAddress;
}

/** A hash table with open addressing. */
interface RulesByAddress {
  /** The number of slots less one: a power of two less one. */
  readonly last: number;
  /** By slot: an address. */
  readonly addresses: Int32Array;
  /** By slot: where its rules begin in `rules`, and where those of the next one do. */
  readonly starts: Int32Array;
  /** Those of one address ascending. */
  readonly rules: Int32Array;
}

/** A chain of fewer rules is walked about as fast as looked up. */
const WORTH_RULES = 256;
/** The first walk may be the only one. */
const WORTH_WALKS = 2;

/** Whether so many rules are too few to be looked up. */
export function isSoonWalked(rules: number): boolean {
  return rules < WORTH_RULES;
}

/** What a chain's rules begin with; null where it is to be walked rule by rule, as one is that has been walked but once. */
export function leadingAddressesOf(program: Program): LeadingAddresses | null {
  if (program.leading === undefined) {
    if (program.walks < WORTH_WALKS) return null;
    program.leading = leadingAddresses(program);
  }
  return program.leading;
}

/** The first rule from `from` on that does not fail for the address it begins with, or the number of rules. Addresses are int32. */
export function nextByLeadingAddress(
  { rest, sources, destinations }: LeadingAddresses,
  from: number,
  count: number,
  src: number,
  dst: number,
): number {
  const next = Math.min(nextOf(sources, src, from, count), nextOf(destinations, dst, from, count));
  return Math.min(next, firstFrom(rest, 0, rest.length, from, count));
}

function nextOf(table: RulesByAddress, address: number, from: number, count: number): number {
  const { rules, starts } = table;
  const slot = slotOf(table, address);
  return firstFrom(rules, starts[slot] ?? 0, starts[slot + 1] ?? 0, from, count);
}

/** The first of ascending rules that is not before `from`; `none` where there is none. */
function firstFrom(rules: Int32Array, start: number, end: number, from: number, none: number): number {
  let low = start;
  let high = end;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rules[middle] ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  return low < end ? (rules[low] ?? none) : none;
}

/** Where an address stands, or the free slot where it would: one that has no rules. */
function slotOf({ last, addresses, starts }: RulesByAddress, address: number): number {
  let slot = home(address, last);
  while (addresses[slot] !== address && starts[slot] !== starts[slot + 1]) slot = (slot + 1) & last;
  return slot;
}

/** Knuth's multiplicative hash: its upper bits depend on all bits of the address. */
function home(address: number, last: number): number {
  return (Math.imul(address, 0x9e3779b1) >>> 8) & last;
}

/** Whether the rule whose tests begin at `at` begins with one whole address that the packet's has to be. */
function beginsWithAddress(code: readonly number[], at: number, op: number): boolean {
  return code[at] === op && code[at + 2] === -1 && code[at + 3] === 0;
}

/** Null where less than half of the rules begin with an address. */
function leadingAddresses({ code, count }: Program): LeadingAddresses | null {
  const rest: number[] = [];
  const sources: number[] = [];
  const destinations: number[] = [];
  for (let rule = 0; rule < count; rule++) {
    const at = code[rule * RULE_WORDS] ?? 0;
    if (beginsWithAddress(code, at, OP_DST)) destinations.push(rule);
    else if (beginsWithAddress(code, at, OP_SRC)) sources.push(rule);
    else rest.push(rule);
  }
  if (rest.length * 2 > count) return null;
  return {
    rest: Int32Array.from(rest),
    sources: rulesByAddress(code, sources),
    destinations: rulesByAddress(code, destinations),
  };
}

function rulesByAddress(code: readonly number[], members: readonly number[]): RulesByAddress {
  const slots = 2 ** (33 - Math.clz32(members.length));
  const last = slots - 1;
  const addresses = new Int32Array(slots);
  const sizes = new Int32Array(slots);
  const slotOfMember = new Int32Array(members.length);
  for (let member = 0; member < members.length; member++) {
    const address = code[(code[(members[member] ?? 0) * RULE_WORDS] ?? 0) + 1] ?? 0;
    let slot = home(address, last);
    while (sizes[slot] !== 0 && addresses[slot] !== address) slot = (slot + 1) & last;
    addresses[slot] = address;
    sizes[slot] = (sizes[slot] ?? 0) + 1;
    slotOfMember[member] = slot;
  }
  const starts = new Int32Array(slots + 1);
  for (let slot = 0; slot < slots; slot++) starts[slot + 1] = (starts[slot] ?? 0) + (sizes[slot] ?? 0);
  const rules = new Int32Array(members.length);
  // from the last to the first, each slot filled from its end
  for (let member = members.length - 1; member >= 0; member--) {
    const slot = slotOfMember[member] ?? 0;
    const left = (sizes[slot] ?? 0) - 1;
    sizes[slot] = left;
    rules[(starts[slot] ?? 0) + left] = members[member] ?? 0;
  }
  return { last, addresses, starts, rules };
}
