/** The names most like `text`: those with the same last part, those that contain it, then by edit distance; at most `count`. */
export function nearest(text: string, names: readonly string[], count: number): readonly string[] {
  const limit = Math.max(3, Math.floor(text.length / 3));
  const last = lastPart(text);
  const farAway = limit + 1;
  return names
    .map((name) => {
      const distance = editDistance(text, name, limit);
      if (lastPart(name) === last) return { name, rank: 0, distance };
      return name.includes(text) || text.includes(name) ? { name, rank: 1, distance } : { name, rank: 2, distance };
    })
    .filter(({ rank, distance }) => rank < 2 || distance < farAway)
    .sort((x, y) => x.rank - y.rank || x.distance - y.distance || x.name.localeCompare(y.name))
    .slice(0, count)
    .map(({ name }) => name);
}

/** What follows the last slash: names of pods and Services are known without their namespace. */
function lastPart(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

/** The question that a person with a typing error wants to be asked; null where no name is like it. */
export function didYouMean(text: string, names: readonly string[], count = 3): string | null {
  const close = nearest(text, names, count);
  return close.length === 0 ? null : `Did you mean ${close.join(" or ")}?`;
}

/**
 * The one name that `text` is with a slip or two, so few that it is hardly anything else: for words that may well be right, because not all
 * that are right are known. Null where there is none.
 */
export function misspelt(text: string, names: Iterable<string>): string | null {
  let limit = Math.max(1, Math.floor(text.length / 4));
  let best: string | null = null;
  for (const name of names) {
    const distance = name === text ? 0 : editDistance(text, name, limit);
    if (distance > limit || (best !== null && distance === limit)) continue;
    best = name;
    limit = distance;
  }
  return best === text ? null : best;
}

/**
 * Edit distance in which two letters that changed places are one slip (optimal string alignment); anything above `limit` comes back as more
 * than `limit`.
 */
function editDistance(x: string, y: string, limit: number): number {
  if (Math.abs(x.length - y.length) > limit) return limit + 1;
  let before: readonly number[] = [];
  let previous: readonly number[] = Array.from({ length: y.length + 1 }, (_, index) => index);
  for (let i = 1; i <= x.length; i++) {
    const row = [i];
    for (let j = 1; j <= y.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (x[i - 1] === y[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && x[i - 1] === y[j - 2] && x[i - 2] === y[j - 1];
      const swap = swapped ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(substitution, swap, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    before = previous;
    previous = row;
  }
  return previous[y.length] ?? limit + 1;
}
