import { changeOf, type RouteChange } from "../../linux/routing/programmed-routes.ts";
import type { Route } from "../../model/route.ts";
import { ipv4 } from "../../net/address.ts";
import type { Prefix } from "../../net/prefix.ts";
import type { Numbering } from "../rib/numbering.ts";

/** Destinations of which the kernel's table has other routes than before: what a host's compiled routes have to be made anew for. */

/** Of two lists of routes. */
export function differences(before: readonly Route[], after: readonly Route[]): readonly Prefix[] {
  const gone = new Set(before);
  const changed: Prefix[] = [];
  for (const found of after) if (!gone.delete(found)) changed.push(found.destination);
  for (const { destination } of gone) changed.push(destination);
  return changed;
}

/** What destinations of these numbers span. */
export function changeBetween(
  numbering: Numbering,
  touched: readonly (number | readonly number[])[],
): RouteChange | null {
  const { destinations, firsts, lasts } = numbering;
  let count = 0;
  for (const one of touched) count += typeof one === "number" ? 1 : one.length;
  const [first] = touched;
  const some = destinations[(typeof first === "number" ? first : first?.[0]) ?? -1];
  if (count === 1 && some !== undefined) return changeOf([some]);
  if (count <= FEW_CHANGES || some?.address.family !== 4) {
    const numbers = new Set<number>();
    for (const one of touched) {
      if (typeof one === "number") numbers.add(one);
      else for (let index = 0; index < one.length; index++) numbers.add(one[index] ?? 0);
    }
    return changeOf([...numbers].flatMap((number) => destinations[number] ?? []));
  }
  let lowest = Number.POSITIVE_INFINITY;
  let highest = 0;
  for (const one of touched) {
    if (typeof one === "number") {
      lowest = Math.min(lowest, firsts[one] ?? 0);
      highest = Math.max(highest, lasts[one] ?? 0xffffffff);
      continue;
    }
    const span = commonSpan(numbering, one);
    if (span.lowest < lowest) lowest = span.lowest;
    if (span.highest > highest) highest = span.highest;
  }
  return { lowest: ipv4(lowest), highest: ipv4(highest), destinations: null };
}

/** Changes that are looked at one by one. */
const FEW_CHANGES = 64;

/** First and last address of several destinations of IPv4, as numbers. */
interface NumberSpan {
  readonly lowest: number;
  readonly highest: number;
}

const spans = new WeakMap<readonly number[], NumberSpan>();

/** Of those that changed together on many hosts. */
function commonSpan(numbering: Numbering, numbers: readonly number[]): NumberSpan {
  const known = spans.get(numbers);
  if (known !== undefined) return known;
  const made = spanOf(numbering, numbers);
  spans.set(numbers, made);
  return made;
}

function spanOf({ firsts, lasts }: Numbering, numbers: readonly number[]): NumberSpan {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = 0;
  for (let index = 0; index < numbers.length; index++) {
    const number = numbers[index] ?? 0;
    lowest = Math.min(lowest, firsts[number] ?? 0);
    highest = Math.max(highest, lasts[number] ?? 0xffffffff);
  }
  return { lowest, highest };
}
