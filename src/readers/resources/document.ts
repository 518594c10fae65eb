/** One YAML document of a file, or the whole of a JSON file. */
export interface DocumentText {
  readonly text: string;
  /** Line of the file (from 1) where the text begins. */
  readonly firstLine: number;
}

const MARKER = /^(---|\.\.\.)(?=[ \t\r\n]|$)/gm;

/**
 * Splits a YAML stream at its document markers. A marker at the beginning of a line ends any document, whatever it was
 * in the middle of (YAML 1.2.2 section 9.1.2), so one broken document cannot swallow the next.
 */
export function splitDocuments(text: string): readonly DocumentText[] {
  const documents: DocumentText[] = [];
  let begin = 0;
  let line = 1;
  const add = (end: number): void => {
    const part = text.slice(begin, end);
    if (hasContent(part)) documents.push({ text: part, firstLine: line });
    line += countLines(part);
    begin = end;
  };
  for (const match of text.matchAll(MARKER)) {
    add(match.index);
    // the marker's own three characters belong to no document
    begin = match.index + 3;
  }
  add(text.length);
  return documents;
}

/** True when anything but blanks, comments and directives stands there. */
function hasContent(text: string): boolean {
  return /^[ \t]*[^\s#%]/m.test(text);
}

function countLines(text: string): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
  return lines;
}

/**
 * The elements of the top-level `items:` of a block-style list, each as a document of its own, and what stands around
 * them. Null when the text has no such list. It is how one broken element does not lose the others, and how the
 * elements get their line numbers.
 */
export function splitItems(
  document: DocumentText,
): { readonly items: readonly DocumentText[]; readonly rest: string } | null {
  const lines = document.text.split("\n");
  const start = lines.findIndex((line) => /^items:[ \t]*(#.*)?\r?$/.test(line));
  if (start < 0) return null;
  const first = lines.slice(start + 1).find((line) => hasContent(line));
  const indentation = first === undefined ? null : /^( *)- /.exec(`${first} `)?.[1];
  if (indentation === undefined || indentation === null) return null;
  const isItem = (line: string): boolean => line === `${indentation}-` || line.startsWith(`${indentation}- `);
  // a key of the list itself ends the elements; blanks and comments do not
  const isOutside = (line: string): boolean => /^[^\s#-]/.test(line);

  const items: DocumentText[] = [];
  const rest = lines.slice(0, start);
  let current: string[] | null = null;
  let from = 0;
  const finish = (): void => {
    if (current !== null) items.push({ text: current.join("\n"), firstLine: document.firstLine + from });
    current = null;
  };
  for (let i = start + 1; i < lines.length; i++) {
    const line = lines[i] ?? "";
    if (isItem(line)) {
      finish();
      current = [line];
      from = i;
    } else if (isOutside(line)) {
      finish();
      rest.push(line);
    } else if (current !== null) current.push(line);
    else rest.push(line);
  }
  finish();
  return { items, rest: rest.join("\n") };
}
