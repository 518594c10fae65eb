/** Columns of everything podpath prints for people. */
export const WIDTH = 80;

/**
 * Breaks a text at blanks into lines of at most `width` columns. A word that is longer stands alone; line ends in the
 * text stay. Give it plain text: colours come afterwards, line by line.
 */
export function wrap(text: string, width: number): readonly string[] {
  return text.split("\n").flatMap((line) => wrapLine(line, width));
}

function wrapLine(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of text.split(" ")) {
    if (current === "") current = word;
    else if (columns(current) + 1 + columns(word) <= width) current += ` ${word}`;
    else {
      lines.push(current);
      current = word;
    }
  }
  lines.push(current);
  return lines.map((line) => line.replaceAll(NO_BREAK, " "));
}

/** A blank at which no line is broken: `rule\u00a03`. */
export const NO_BREAK = "\u00a0";

/** Columns a text takes on a terminal, taking every character for one column. */
export function columns(text: string): number {
  return [...text].length;
}

/** A text in lines of WIDTH columns, each with `indent` before it, the first one with `first` instead. */
export function paragraph(
  text: string,
  indent: string,
  first: string = indent,
  style: (line: string) => string = (line) => line,
): readonly string[] {
  return wrap(text, Math.max(20, WIDTH - columns(indent))).map(
    (line, index) => `${index === 0 ? first : indent}${style(line)}`,
  );
}
