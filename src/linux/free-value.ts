import { appendItem, itemAt, type PagedList, pagedList, replaceItem } from "../net/paged-list.ts";
import { intersectPortSets, type PortSet, portSetHas, portSetSize, subtractPortSets } from "../net/port-set.ts";
import type { Choice, Chooser } from "./chooser.ts";

/**
 * A 16-bit value that the kernel draws at random and nobody has read yet: the source port of `MASQUERADE
 * --random-fully`. It stands in packets and tuples as a number above 65535 that names it, so that equality works as it
 * is. Reading it (a rule that tests the port) asks the chooser, and narrows what the value may be.
 */
export interface FreeValues {
  readonly domains: FreeDomains;
  /** Pairs of free values that are known to be one, or two: `meet()`. */
  readonly pairs: Map<string, boolean>;
}

/** What each free value may still be, in the order in which they were drawn. */
export type FreeDomains = PagedList<PortSet>;

/** The name of the first free value: what comes after the numbers of ports. */
export const FIRST_FREE = 0x10000;

/** Of a wider range two draws are taken to differ: that one of them meets another is less likely than one in a hundred. */
const FEW = 128;

export function freeValues(): FreeValues {
  return { domains: pagedList(), pairs: new Map() };
}

export function isFree(value: number): boolean {
  return value >= FIRST_FREE;
}

/** A new free value within `domain`. */
export function freeValue(table: FreeValues, domain: PortSet): number {
  return FIRST_FREE + appendItem(table.domains, domain);
}

/** What the value may still be. */
export function freeDomain({ domains }: FreeValues, value: number): PortSet {
  return domainIn(domains, value);
}

/** The same, without what is known of pairs. */
export function domainIn(domains: FreeDomains, value: number): PortSet {
  return itemAt(domains, value - FIRST_FREE) ?? [];
}

/** The least that a value, free or not, may still be: a number to show for it. */
export function leastOf(domains: FreeDomains, value: number): number {
  return isFree(value) ? (domainIn(domains, value)[0]?.first ?? 0) : value;
}

/**
 * Whether the value, free or not, lies in `ports`. A free value whose domain straddles the border becomes a choice
 * with the probabilities of an even draw.
 */
export function valueIn(table: FreeValues, choose: Chooser, value: number, ports: PortSet): boolean {
  if (value < FIRST_FREE) return portSetHas(ports, value);
  const domain = freeDomain(table, value);
  const inside = intersectPortSets(domain, ports);
  if (inside.length === 0) return false;
  const outside = subtractPortSets(domain, ports);
  if (outside.length === 0) return true;
  const probability = portSetSize(inside) / portSetSize(domain);
  const choice: Choice = {
    kind: "random",
    variable: `free value ${value - FIRST_FREE} of ${portSetSize(domain)} within ${portSetSize(inside)}`,
    question: "is the randomly chosen port within the range the rule tests?",
    alternatives: [
      { label: "inside", probability },
      { label: "outside", probability: 1 - probability },
    ],
  };
  const isInside = choose(choice) === 0;
  narrow(table, value, isInside ? inside : outside);
  return isInside;
}

/** Whether it is a free value that was drawn from so few that it may well be another one's. */
export function isOneOfFew(table: FreeValues, value: number): boolean {
  return isFree(value) && portSetSize(freeDomain(table, value)) <= FEW;
}

/** The value, free or not, as a number: which one, of all that it may be, is an even draw. */
export function drawnNumber(table: FreeValues, choose: Chooser, value: number): number {
  return drawnResult(table, choose, value, { question: "which port was drawn?", of: (port) => port, label: String });
}

/**
 * What is made of the value, free or not (`of`): which result, of all that there may be, is a draw by how many values have it. The value is
 * one of these from then on.
 */
export function drawnResult(
  table: FreeValues,
  choose: Chooser,
  value: number,
  made: {
    readonly question: string;
    readonly of: (port: number) => number;
    readonly label: (result: number) => string;
  },
): number {
  const known = knownNumber(table, value);
  if (!isFree(known)) return made.of(known);
  const domain = freeDomain(table, value);
  const ports = new Map<number, { first: number; last: number }[]>();
  for (const { first, last } of domain) {
    for (let port = first; port <= last; port++) {
      const result = made.of(port);
      const ranges = ports.get(result);
      const latest = ranges?.at(-1);
      if (latest?.last === port - 1) latest.last = port;
      else if (ranges === undefined) ports.set(result, [{ first: port, last: port }]);
      else ranges.push({ first: port, last: port });
    }
  }
  const results = [...ports];
  const [only, another] = results;
  if (only !== undefined && another === undefined) return only[0];
  const size = portSetSize(domain);
  const taken = choose({
    kind: "random",
    variable: `free value ${value - FIRST_FREE} of ${size}`,
    question: made.question,
    alternatives: results.map(([result, ranges]) => ({
      label: made.label(result),
      probability: portSetSize(ranges) / size,
    })),
  });
  const [result, ranges] = results[taken] ?? [made.of(value), domain];
  narrow(table, value, ranges);
  return result;
}

/** The number that a value can only be, where there is one; else the value as it is. */
export function knownNumber(table: FreeValues, value: number): number {
  if (!isFree(value)) return value;
  const domain = freeDomain(table, value);
  const [range] = domain;
  return range !== undefined && domain.length === 1 && range.first === range.last ? range.first : value;
}

function pairOf(x: number, y: number): string {
  return x < y ? `${x} ${y}` : `${y} ${x}`;
}

/** Two values that were drawn so that they differ. */
export function keepApart(table: FreeValues, x: number, y: number): void {
  table.pairs.set(pairOf(x, y), false);
  for (const [one, other] of [[x, y] as const, [y, x] as const]) {
    if (!isFree(knownNumber(table, one))) leaveTo(table, other, freeDomain(table, one));
  }
}

/** What a value may still be; once that is one number, no value that was kept apart from it may be that. */
function narrow(table: FreeValues, value: number, domain: PortSet): void {
  replaceItem(table.domains, value - FIRST_FREE, domain);
  if (table.pairs.size === 0 || isFree(knownNumber(table, value))) return;
  for (let other = FIRST_FREE; other < FIRST_FREE + table.domains.length; other++) {
    if (table.pairs.get(pairOf(value, other)) === false) leaveTo(table, other, domain);
  }
}

function leaveTo(table: FreeValues, value: number, taken: PortSet): void {
  const before = freeDomain(table, value);
  const rest = subtractPortSets(before, taken);
  if (rest.length > 0 && portSetSize(rest) < portSetSize(before)) narrow(table, value, rest);
}

/** Whether two values, each free or not, could be the same one. */
export function mayMeet(table: FreeValues, x: number, y: number): boolean {
  if (x === y) return true;
  if (!isFree(x) && !isFree(y)) return false;
  return table.pairs.get(pairOf(x, y)) ?? intersectPortSets(domainOf(table, x), domainOf(table, y)).length > 0;
}

/** Whether two values, each free or not, are the same one: a choice with the probabilities of even draws. */
export function meet(table: FreeValues, choose: Chooser, left: number, right: number): boolean {
  if (left === right || !mayMeet(table, left, right)) return left === right;
  const x = knownNumber(table, left);
  const y = knownNumber(table, right);
  if (!isFree(x)) return valueIn(table, choose, y, [{ first: x, last: x }]);
  if (!isFree(y)) return valueIn(table, choose, x, [{ first: y, last: y }]);
  const known = table.pairs.get(pairOf(x, y));
  if (known !== undefined) return known;
  const [some, others] = [domainOf(table, x), domainOf(table, y)];
  const shared = intersectPortSets(some, others);
  const probability = portSetSize(shared) / (portSetSize(some) * portSetSize(others));
  const isOne = probability === 1 || choose(sameDraw(x, y, probability)) === 0;
  table.pairs.set(pairOf(x, y), isOne);
  if (isOne) {
    narrow(table, x, shared);
    narrow(table, y, shared);
  }
  return isOne;
}

function domainOf(table: FreeValues, value: number): PortSet {
  return isFree(value) ? freeDomain(table, value) : [{ first: value, last: value }];
}

function sameDraw(x: number, y: number, probability: number): Choice {
  return {
    kind: "random",
    variable: `free values ${x - FIRST_FREE} and ${y - FIRST_FREE}`,
    question: "did two connections draw the same port, one after the other?",
    alternatives: [
      { label: "the same", probability },
      { label: "another", probability: 1 - probability },
    ],
  };
}
