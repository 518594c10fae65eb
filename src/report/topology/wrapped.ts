import { columns } from "../wrap.ts";

/** A text in lines of at most so many columns, broken between words; longer words are cut. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    for (const piece of piecesOf(word, width)) {
      const joined = line === "" ? piece : `${line} ${piece}`;
      if (columns(joined) <= width) line = joined;
      else {
        lines.push(line);
        line = piece;
      }
    }
  }
  return [...lines, line];
}

function piecesOf(word: string, width: number): readonly string[] {
  const pieces = word.match(new RegExp(`.{1,${Math.max(1, width)}}`, "gsu"));
  return pieces ?? [word];
}
