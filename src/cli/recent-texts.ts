import type { FileText } from "../readers/snapshot/files.ts";

/** So many characters are kept: all of a small snapshot, one machine of a big one. */
const KEPT = 16 * 1024 * 1024;

/**
 * Remembers the texts fetched last. A file is looked at several times while its machine is read (what it is, then what is in
 * it), and rarely after that: to keep the texts of a whole cluster would cost more than fetching a few of them again.
 */
export function recentTexts(): (path: string, fetch: () => FileText) => FileText {
  const texts = new Map<string, FileText>();
  let kept = 0;
  return (path, fetch) => {
    const known = texts.get(path);
    if (known !== undefined) return known;
    const text = fetch();
    texts.set(path, text);
    kept += lengthOf(text);
    for (const [oldest, content] of texts) {
      if (kept <= KEPT || oldest === path) break;
      texts.delete(oldest);
      kept -= lengthOf(content);
    }
    return text;
  };
}

function lengthOf(text: FileText): number {
  return typeof text === "string" ? text.length : 0;
}
