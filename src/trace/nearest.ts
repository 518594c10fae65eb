/** The names most like `text`: those that contain it first, then by edit distance, at most `count`. */
export function nearest(text: string, names: readonly string[], count: number): readonly string[] {
  const limit = Math.max(3, Math.floor(text.length / 3));
  return names
    .map((name) => ({
      name,
      distance: name.includes(text) || text.includes(name) ? 0 : editDistance(text, name, limit),
    }))
    .filter(({ distance }) => distance <= limit)
    .sort((x, y) => x.distance - y.distance || x.name.localeCompare(y.name))
    .slice(0, count)
    .map(({ name }) => name);
}

/** Levenshtein distance; anything above `limit` comes back as more than `limit`. */
function editDistance(x: string, y: string, limit: number): number {
  if (Math.abs(x.length - y.length) > limit) return limit + 1;
  let previous = Array.from({ length: y.length + 1 }, (_, index) => index);
  for (let i = 1; i <= x.length; i++) {
    const row = [i];
    for (let j = 1; j <= y.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (x[i - 1] === y[j - 1] ? 0 : 1);
      row.push(Math.min(substitution, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[y.length] ?? limit + 1;
}
