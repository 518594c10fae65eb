/**
 * A function whose results are kept for as long as their argument lives. The last one is at hand without a look-up: packet
 * after packet is on the same host.
 */
export function remembered<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, V>();
  let last: { readonly key: K; readonly value: V } | null = null;
  return (key) => {
    if (last !== null && last.key === key) return last.value;
    const value = known.get(key) ?? make(key);
    known.set(key, value);
    last = { key, value };
    return value;
  };
}
