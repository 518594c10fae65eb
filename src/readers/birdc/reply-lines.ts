import type { DumpLine } from "../dump-text.ts";

/** A line of a reply with its code: `1002-name …` opens a block, `0000 ` ends it (doc/reply_codes of BIRD). */
const CODED = /^(\d{4})[ -]/;

/** A line of birdc, and the error code that the daemon gave it. */
export interface ReplyLine extends DumpLine {
  /** 8000 and above are errors of the daemon, 9000 and above of the command; null without codes. */
  readonly code: number | null;
}

/**
 * Lines as birdc prints them. Read from the control socket they carry codes, and lines without a code begin with one blank more;
 * both are taken off.
 */
export function replyLines(lines: readonly DumpLine[]): readonly ReplyLine[] {
  if (!lines.some(({ text }) => /^(?:0001 BIRD |[12]\d{3}-)/.test(text))) {
    return lines.map((line) => ({ ...line, code: null }));
  }
  const plain: ReplyLine[] = [];
  for (const { number, text } of lines) {
    const coded = CODED.exec(`${text} `);
    if (coded === null) plain.push({ number, text: text.replace(/^ /, ""), code: null });
    else if (text.length > 5) plain.push({ number, text: text.slice(5), code: Number(coded[1]) });
  }
  return plain;
}
