/**
 * A Map whose keys are small whole numbers, for the many tables of a World that have most of their keys in common: an entry takes a place
 * in an array, and no room for its key. It is gone through in the order in which keys came, as a Map is.
 */
export interface NumberMap<T> {
  /** Values, so many together; undefined where none of them is there. */
  chunks: ((T | undefined)[] | undefined)[];
  /** Keys in the order they came, and how many of the first of a key stand for entries that are gone. */
  arrivals: number[];
  stale: Map<number, number>;
  size: number;
}

const BITS = 6;
const CHUNK = 1 << BITS;

export function numberMap<T>(): NumberMap<T> {
  return { chunks: [], arrivals: [], stale: new Map(), size: 0 };
}

export function valueAt<T>({ chunks }: NumberMap<T>, key: number): T | undefined {
  return chunks[key >> BITS]?.[key & (CHUNK - 1)];
}

export function setValue<T>(map: NumberMap<T>, key: number, value: T): void {
  const { chunks } = map;
  const number = key >> BITS;
  let chunk = chunks[number];
  if (chunk === undefined) {
    while (chunks.length < number) chunks.push(undefined);
    chunk = new Array<T | undefined>(CHUNK).fill(undefined);
    chunks[number] = chunk;
  }
  const place = key & (CHUNK - 1);
  if (chunk[place] === undefined) {
    map.size++;
    map.arrivals.push(key);
  }
  chunk[place] = value;
}

export function deleteKey<T>(map: NumberMap<T>, key: number): void {
  const chunk = map.chunks[key >> BITS];
  const place = key & (CHUNK - 1);
  if (chunk?.[place] === undefined) return;
  chunk[place] = undefined;
  map.size--;
  map.stale.set(key, (map.stale.get(key) ?? 0) + 1);
  if (map.arrivals.length > 2 * map.size + CHUNK) {
    map.arrivals = keysOf(map);
    map.stale.clear();
  }
}

export function clearValues<T>(map: NumberMap<T>): void {
  map.chunks = [];
  map.arrivals = [];
  map.stale.clear();
  map.size = 0;
}

/** The keys that are there, in the order they came. */
export function keysOf<T>({ arrivals, stale }: NumberMap<T>): number[] {
  if (stale.size === 0) return [...arrivals];
  const left = new Map(stale);
  return arrivals.filter((key) => {
    const gone = left.get(key) ?? 0;
    if (gone === 0) return true;
    left.set(key, gone - 1);
    return false;
  });
}

/** What is there now, in that order. */
export function* entriesOf<T>(map: NumberMap<T>): Iterable<readonly [number, T]> {
  for (const key of keysOf(map)) {
    const value = valueAt(map, key);
    if (value !== undefined) yield [key, value];
  }
}
