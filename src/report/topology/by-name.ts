const COLLATOR = new Intl.Collator("en", { numeric: true });

/** The order of names for people: `worker-9` comes before `worker-10`. */
export function byName(x: string, y: string): number {
  return COLLATOR.compare(x, y) || (x < y ? -1 : x > y ? 1 : 0);
}
