const numbers = new WeakMap<object, number>();
let last = 0;

/** A number for each object, the same for as long as it lives: for keys that are made of objects. */
export function numberOf(object: object): number {
  const known = numbers.get(object);
  if (known !== undefined) return known;
  numbers.set(object, ++last);
  return last;
}
