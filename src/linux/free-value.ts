import { intersectPortSets, type PortSet, portSetHas, portSetSize, subtractPortSets } from "../net/port-set.ts";
import type { Choice, Chooser } from "./chooser.ts";

/**
 * A 16-bit value that the kernel draws at random and nobody has read yet: the source port of `MASQUERADE
 * --random-fully`. It stands in packets and tuples as a number above 65535 that names it, so that equality works as it
 * is. Reading it (a rule that tests the port) asks the chooser, and narrows what the value may be.
 */
export interface FreeValues {
  readonly domains: PortSet[];
}

/** The name of the first free value: what comes after the numbers of ports. */
export const FIRST_FREE = 0x10000;

export function freeValues(): FreeValues {
  return { domains: [] };
}

export function isFree(value: number): boolean {
  return value >= FIRST_FREE;
}

/** A new free value within `domain`. */
export function freeValue(table: FreeValues, domain: PortSet): number {
  return FIRST_FREE + table.domains.push(domain) - 1;
}

/** What the value may still be. */
export function freeDomain(table: FreeValues, value: number): PortSet {
  return table.domains[value - FIRST_FREE] ?? [];
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
  table.domains[value - FIRST_FREE] = isInside ? inside : outside;
  return isInside;
}
