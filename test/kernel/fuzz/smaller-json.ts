/**
 * Every value that is smaller by one element of an array or one key of an object, the outermost parts first. Keys that
 * must be there are for a schema to insist on.
 */
export function* smallerJson(value: unknown): Iterable<unknown> {
  if (Array.isArray(value)) {
    const list: readonly unknown[] = value;
    for (let i = 0; i < list.length; i++) yield list.filter((_, index) => index !== i);
    for (const [i, item] of list.entries()) {
      for (const smaller of smallerJson(item)) yield list.map((other, index) => (index === i ? smaller : other));
    }
    return;
  }
  if (typeof value !== "object" || value === null) return;
  const entries = Object.entries(value);
  for (const [key] of entries) yield Object.fromEntries(entries.filter(([other]) => other !== key));
  for (const [key, item] of entries) {
    for (const smaller of smallerJson(item)) {
      yield Object.fromEntries(entries.map(([other, kept]) => [other, other === key ? smaller : kept]));
    }
  }
}
