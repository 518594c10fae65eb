/** A map whose values are made when somebody asks for them, each once. `keys` has all names, with what the values are made of. */
export function lazyMap<K, S, V>(keys: ReadonlyMap<K, S>, make: (key: K, seed: S) => V): ReadonlyMap<K, V> {
  const made = new Map<K, V>();
  const get = (key: K): V | undefined => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const seed = keys.get(key);
    if (seed === undefined) return undefined;
    const value = make(key, seed);
    made.set(key, value);
    return value;
  };
  return view(
    () => keys,
    (key) => keys.has(key),
    get,
  );
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
    all ??= new Map([...known, ...rest()]);
    return all;
  };
  const get = (key: K): V | undefined =>
    known.get(key) ?? (all !== null || find === null ? whole().get(key) : find(key));
  return view(whole, (key) => known.has(key) || get(key) !== undefined, get);
}

function view<K, V>(
  names: () => ReadonlyMap<K, unknown>,
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
