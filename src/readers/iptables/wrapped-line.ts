/** A rule whose line was broken by a terminal or a mail program: the pieces after the first. */
export interface Continuation {
  /** Line number in the file, from 1. */
  readonly line: number;
  readonly text: string;
}

/** More pieces than this are no wrapped rule but other text. */
export const MAX_CONTINUATIONS = 8;
/** With more breaks than this, all of them are taken to be of one kind. */
const TRIED_ONE_BY_ONE = 3;

/**
 * The lines that broken pieces may have been, likeliest first: a mail program breaks at blanks and eats them, a terminal
 * breaks anywhere.
 */
export function joinedLines(first: string, pieces: readonly string[]): readonly string[] {
  if (pieces.length > TRIED_ONE_BY_ONE) return [[first, ...pieces].join(" "), [first, ...pieces].join("")];
  let lines: readonly string[] = [first];
  for (const piece of pieces) lines = lines.flatMap((line) => [`${line} ${piece}`, `${line}${piece}`]);
  return lines;
}
