import { firstValue, firstWord } from "../../net/prefix-map.ts";
import { hasPorts } from "../../net/protocol.ts";
import { isFree } from "../free-value.ts";
import type { Skb } from "../skb.ts";
import {
  type ChainIndex,
  type Dimension,
  LIST_END,
  LIST_NESTED,
  LIST_ONLY,
  LIST_WORDS,
  VALUE_NEXT,
  VALUE_WORDS,
} from "./chain-index.ts";
import { BY_DESTINATION, BY_DPORT, BY_INPUT, BY_OUTPUT, BY_PROTOCOL, BY_SOURCE, BY_SPORT } from "./rule-keys.ts";

/**
 * The lists of candidates of every chain that is being walked, those of the innermost one last: a chain that jumps
 * keeps its place while the other is walked.
 */
const lists: Int32Array[] = [];
const positions: number[] = [];
const ends: number[] = [];
let top = 0;

/** Looks up the lists of a chain for a packet. The number returned names them until `closeCandidates`. */
export function openCandidates(index: ChainIndex, skb: Skb): number {
  const base = top;
  gather(index, skb);
  return base;
}

/** Gives up the lists from `base` on. */
export function closeCandidates(base: number): void {
  top = base;
}

/** Number of the next list: what `closeCandidates` takes to go back to this moment. */
export function candidatesInUse(): number {
  return top;
}

/** The first candidate from rule `from` on, or `none`. Asked in ascending order, of the innermost chain only. */
export function nextCandidate(base: number, from: number, none: number): number {
  let next = none;
  for (let i = base; i < top; i++) {
    const list = lists[i];
    if (list === undefined) continue;
    const end = ends[i] ?? 0;
    let position = positions[i] ?? 0;
    let rule = none;
    while (position < end) {
      rule = list[position] ?? none;
      if (rule >= from) break;
      position++;
    }
    positions[i] = position;
    if (position < end && rule < next) next = rule;
  }
  return next;
}

function push(list: Int32Array, from: number, to: number): void {
  if (from >= to) return;
  lists[top] = list;
  positions[top] = from;
  ends[top] = to;
  top++;
}

function gather(index: ChainIndex, skb: Skb): void {
  push(index.rest, 0, index.rest.length);
  for (const dimension of index.dimensions) gatherDimension(dimension, skb);
}

function gatherDimension(dimension: Dimension, skb: Skb): void {
  const { packet } = skb;
  switch (dimension.field) {
    case BY_DESTINATION:
      return pushValues(dimension, skb, firstValue(dimension.values, packet.dst));
    case BY_SOURCE:
      return pushValues(dimension, skb, firstValue(dimension.values, packet.src));
    case BY_DPORT:
    case BY_SPORT: {
      if (packet.fragmentOffset > 0 || !hasPorts(packet.protocol)) return;
      // Tests of a port nobody has chosen yet ask: all of them must be tried.
      if (isFree(packet.sport) || isFree(packet.dport)) return push(dimension.all, 0, dimension.all.length);
      const port = dimension.field === BY_DPORT ? packet.dport : packet.sport;
      return pushValues(dimension, skb, firstWord(dimension.values, port * 0x10000));
    }
    case BY_PROTOCOL:
      return pushValues(dimension, skb, firstWord(dimension.values, packet.protocol * 0x1000000));
    case BY_INPUT:
      return pushNames(dimension, skb, skb.input === null ? "" : skb.input.name);
    case BY_OUTPUT:
      return pushNames(dimension, skb, skb.output === null ? "" : skb.output.name);
  }
}

function pushValues(dimension: Dimension, skb: Skb, first: number): void {
  const { listsOfValues: words } = dimension;
  for (let value = first; value >= 0; value = words[value * VALUE_WORDS + VALUE_NEXT] ?? -1) {
    pushList(dimension, skb, words, value * VALUE_WORDS);
  }
}

function pushNames(dimension: Dimension, skb: Skb, name: string): void {
  const exact = dimension.names.get(name);
  if (exact !== undefined) pushList(dimension, skb, dimension.lists, exact * LIST_WORDS);
  for (const { text, list } of dimension.beginnings)
    if (name.startsWith(text)) pushList(dimension, skb, dimension.lists, list * LIST_WORDS);
}

/** The list whose words stand at a place. */
function pushList({ rules, nested }: Dimension, skb: Skb, words: Int32Array, at: number): void {
  const again = words[at + LIST_NESTED] ?? -1;
  const start = words[at] ?? 0;
  const end = words[at + LIST_END] ?? 0;
  if (again >= 0) {
    const index = nested[again];
    if (index !== undefined) gather(index, skb);
  } else if (end === start + 1) push(words, at + LIST_ONLY, at + LIST_NESTED);
  else push(rules, start, end);
}
