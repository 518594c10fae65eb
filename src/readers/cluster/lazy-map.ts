/**
 * A map whose values are made when somebody asks for them, each once. `make` answers undefined for a name that the map does not have;
 * `names` has those for which it answers, and is asked for them only by those who want all.
 */
export function lazyMap<V>(
  names: () => Iterable<string>,
  make: (name: string) => V | undefined,
): ReadonlyMap<string, V> {
  const made = new Map<string, V>();
  const get = (name: string): V | undefined => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const value = make(name);
    if (value !== undefined) made.set(name, value);
    return value;
  };
  let all: ReadonlySet<string> | null = null;
  const every = (): ReadonlySet<string> => {
    all ??= new Set(names());
    return all;
  };
  return view(every, (name) => get(name) !== undefined, get);
}

/**
 * A map of which a part is known; the rest is made when a name is asked for that is not in that part, or all names are. `find`, where it
 * is given, makes one value without the rest.
 */
export function partlyLazyMap<K, V>(
  known: ReadonlyMap<K, V>,
  rest: () => ReadonlyMap<K, V>,
  find: ((key: K) => V | undefined) | null = null,
): ReadonlyMap<K, V> {
  let all: ReadonlyMap<K, V> | null = null;
  const whole = (): ReadonlyMap<K, V> => {
    if (all !== null) return all;
    const made = new Map(known);
    for (const [key, value] of rest()) if (!made.has(key)) made.set(key, value);
    all = made;
    return made;
  };
  const get = (key: K): V | undefined =>
    known.get(key) ?? (all !== null || find === null ? whole().get(key) : find(key));
  const map: ReadonlyMap<K, V> = {
    get,
    has: (key) => known.has(key) || get(key) !== undefined,
    get size() {
      return whole().size;
    },
    keys: () => whole().keys(),
    values: () => whole().values(),
    entries: () => whole().entries(),
    forEach: (visit) => {
      for (const [key, value] of whole()) visit(value, key, map);
    },
    [Symbol.iterator]: () => whole().entries(),
  };
  return map;
}

function view<K, V>(
  names: () => Pick<ReadonlySet<K>, "keys" | "size">,
  has: (key: K) => boolean,
  get: (key: K) => V | undefined,
): ReadonlyMap<K, V> {
  function* entries(): MapIterator<[K, V]> {
    for (const key of names().keys()) {
      const value = get(key);
      if (value !== undefined) yield [key, value];
    }
  }
  function* values(): MapIterator<V> {
    for (const [, value] of entries()) yield value;
  }
  const map: ReadonlyMap<K, V> = {
    get,
    has,
    get size() {
      return names().size;
    },
    keys: () => names().keys(),
    values,
    entries,
    forEach: (visit) => {
      for (const [key, value] of entries()) visit(value, key, map);
    },
    [Symbol.iterator]: entries,
  };
  return map;
}
