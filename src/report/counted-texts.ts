/** Each different text once, in the order of their first; what came more often says how often: `was dropped on r (4,031 times)`. */
export function countedTexts(texts: Iterable<string>): readonly string[] {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].map(([text, count]) => (count === 1 ? text : `${text} (${count.toLocaleString("en-US")} times)`));
}
