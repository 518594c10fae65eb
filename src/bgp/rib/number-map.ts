/**
 * A Map whose keys are small whole numbers, for the many tables of a World that have most of their keys in common: an entry takes a place
 * in an array, and no room for its key. It is gone through in the order in which keys came, as a Map is. Maps with the same values of
 * neighbouring keys have one array of them in common, until one of the maps gets another value there.
 */
export interface NumberMap<T> {
  /** Values, so many together; undefined where none of them is there. */
  chunks: (Chunk<T> | undefined)[];
  /** Which of them others may have too: they do not change any more. */
  common: boolean[];
  /** Keys in the order they came, by themselves or several together, and how many of the first of a key stand for entries that are gone. */
  arrivals: (number | readonly number[])[];
  arrived: number;
  stale: Map<number, number>;
  size: number;
}

export type Chunk<T> = (T | undefined)[];

const BITS = 6;
export const CHUNK = 1 << BITS;

export function numberMap<T>(): NumberMap<T> {
  return { chunks: [], common: [], arrivals: [], arrived: 0, stale: new Map(), size: 0 };
}

/** In which chunk a key has its place, and the place. */
export function chunkOf(key: number): number {
  return key >> BITS;
}

export function placeOf(key: number): number {
  return key & (CHUNK - 1);
}

export function emptyChunk<T>(): Chunk<T> {
  return new Array<T | undefined>(CHUNK).fill(undefined);
}

/** A copy that may be changed. V8 copies an array that is frozen, as those in common are, element by element in its slowest way, so it is done here. */
export function copyOfChunk<T>(chunk: Chunk<T>): Chunk<T> {
  const copy = new Array<T | undefined>(CHUNK);
  for (let place = 0; place < CHUNK; place++) copy[place] = chunk[place];
  return copy;
}

export function valueAt<T>({ chunks }: Pick<Snapshot<T>, "chunks">, key: number): T | undefined {
  return chunks[key >> BITS]?.[key & (CHUNK - 1)];
}

export function setValue<T>(map: NumberMap<T>, key: number, value: T): void {
  const chunk = ownChunk(map, key >> BITS);
  const place = key & (CHUNK - 1);
  if (chunk[place] === undefined) {
    map.size++;
    map.arrivals.push(key);
    map.arrived++;
  }
  chunk[place] = value;
}

function ownChunk<T>({ chunks, common }: NumberMap<T>, number: number): Chunk<T> {
  const chunk = chunks[number];
  if (chunk !== undefined && common[number] !== true) return chunk;
  while (chunks.length < number) chunks.push(undefined);
  while (common.length <= number) common.push(false);
  const own = chunk === undefined ? emptyChunk<T>() : copyOfChunk(chunk);
  chunks[number] = own;
  common[number] = false;
  return own;
}

/** Whether a chunk is the map's alone, so that no other can be put into its place. */
export function isOwnChunk<T>({ chunks, common }: NumberMap<T>, number: number): boolean {
  return chunks[number] !== undefined && common[number] !== true;
}

/** Puts a chunk that many have in common into the place of the one before. What it has beside that is for `addKeys`. */
export function putChunk<T>({ chunks, common }: NumberMap<T>, number: number, chunk: Chunk<T>): void {
  while (chunks.length < number) chunks.push(undefined);
  while (common.length <= number) common.push(false);
  chunks[number] = chunk;
  common[number] = true;
}

/** Takes over some places of such a chunk. What the map has beside them stays; keys that come with them are for `addKeys`. */
export function patchChunk<T>(map: NumberMap<T>, number: number, places: readonly number[], from: Chunk<T>): void {
  const chunk = ownChunk(map, number);
  for (let index = 0; index < places.length; index++) {
    const place = places[index] ?? 0;
    chunk[place] = from[place];
  }
}

/** Keys have come with chunks that were put in. */
export function addKeys<T>(map: NumberMap<T>, keys: readonly number[]): void {
  if (keys.length === 0) return;
  map.arrivals.push(keys);
  map.arrived += keys.length;
  map.size += keys.length;
}

export function deleteKey<T>(map: NumberMap<T>, key: number): void {
  if (valueAt(map, key) === undefined) return;
  ownChunk(map, key >> BITS)[key & (CHUNK - 1)] = undefined;
  map.size--;
  map.stale.set(key, (map.stale.get(key) ?? 0) + 1);
  if (map.arrived > 2 * map.size + CHUNK) {
    // snapshots go on with the list before
    map.arrivals = keysOf(map);
    map.arrived = map.size;
    map.stale.clear();
  }
}

export function clearValues<T>(map: NumberMap<T>): void {
  map.chunks = [];
  map.common = [];
  map.arrivals = [];
  map.arrived = 0;
  map.stale.clear();
  map.size = 0;
}

/** The keys that are there, in the order they came. */
export function keysOf<T>({ arrivals, stale }: NumberMap<T>): number[] {
  return keysAmong(arrivals, stale);
}

function keysAmong(arrivals: readonly (number | readonly number[])[], stale: ReadonlyMap<number, number>): number[] {
  const keys: number[] = [];
  for (let index = 0; index < arrivals.length; index++) {
    const one = arrivals[index];
    if (typeof one === "number") keys.push(one);
    // several are an array that is frozen, which flat() takes apart in V8's slowest way
    else if (one !== undefined) for (let place = 0; place < one.length; place++) keys.push(one[place] ?? 0);
  }
  if (stale.size === 0) return keys;
  const left = new Map(stale);
  return keys.filter((key) => {
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

/** What a map held at one time: its chunks then, and so many of the keys that have come to it since it was put in order last. */
export interface Snapshot<T> {
  readonly chunks: readonly (Chunk<T> | undefined)[];
  readonly arrivals: readonly (number | readonly number[])[];
  readonly arrivalsThen: number;
  readonly stale: ReadonlyMap<number, number>;
}

/** The map as it is now, for whoever only reads it: both have all chunks in common. */
export function snapshotOf<T>(map: NumberMap<T>): Snapshot<T> {
  const { chunks, common, arrivals, stale } = map;
  while (common.length < chunks.length) common.push(true);
  common.fill(true);
  return {
    chunks: [...chunks],
    arrivals,
    arrivalsThen: arrivals.length,
    stale: stale.size === 0 ? NOTHING_GONE : new Map(stale),
  };
}

const NOTHING_GONE: ReadonlyMap<number, number> = new Map();

/** What was there, in the order in which keys had come. */
export function* entriesThen<T>({
  chunks,
  arrivals,
  arrivalsThen,
  stale,
}: Snapshot<T>): Iterable<readonly [number, T]> {
  for (const key of keysAmong(arrivals.slice(0, arrivalsThen), stale)) {
    const value = chunks[key >> BITS]?.[key & (CHUNK - 1)];
    if (value !== undefined) yield [key, value];
  }
}
