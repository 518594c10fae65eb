/** One word of a rule line. */
export interface Word {
  /** Without quotes and escapes. */
  readonly text: string;
  /** Where it starts in the line, from 1. */
  readonly column: number;
  /** Part of it stood in quotes, so that it is no option even if it starts with a dash. */
  readonly quoted: boolean;
}

export interface SplitLine {
  readonly words: readonly Word[];
  /** The line ended within quotes: the last word may go on elsewhere. */
  readonly openQuote: boolean;
}

const BLANK = /[ \t]/;

/**
 * Splits a line as iptables-restore does (iptables/xshared.c add_param_to_argv): words end at blanks and at a closing
 * double quote; a double quote may open in the middle of a word; only within quotes does a backslash take the next
 * character as it is. Single quotes mean nothing.
 */
export function splitWords(line: string): SplitLine {
  return line.includes('"') ? splitQuoted(line) : { words: splitPlain(line), openQuote: false };
}

function splitPlain(line: string): readonly Word[] {
  const words: Word[] = [];
  let start = -1;
  for (let i = 0; i <= line.length; i++) {
    const code = i < line.length ? line.charCodeAt(i) : 32;
    if (code !== 32 && code !== 9) {
      if (start < 0) start = i;
    } else if (start >= 0) {
      words.push({ text: line.slice(start, i), column: start + 1, quoted: false });
      start = -1;
    }
  }
  return words;
}

function splitQuoted(line: string): SplitLine {
  const words: Word[] = [];
  let text = "";
  let start = -1;
  let open = false;
  let quoted = false;
  const end = (): void => {
    words.push({ text, column: start + 1, quoted });
    text = "";
    start = -1;
    quoted = false;
  };
  for (let i = 0; i < line.length; i++) {
    const c = line.charAt(i);
    if (open) {
      if (c === "\\" && i + 1 < line.length) text += line.charAt(++i);
      else if (c === '"') {
        open = false;
        end();
      } else text += c;
      continue;
    }
    if (BLANK.test(c)) {
      if (start >= 0) end();
      continue;
    }
    if (start < 0) start = i;
    if (c === '"') {
      open = true;
      quoted = true;
    } else text += c;
  }
  if (start >= 0) end();
  return { words, openQuote: open };
}

const PLAIN = /^[\w-]+$/;

/** A string as xtables_save_string prints it: in quotes unless it is made of letters, digits, `_` and `-` only. */
export function saveString(text: string): string {
  return PLAIN.test(text) ? text : quoteString(text);
}

/** A string in quotes, with `"`, `\` and `'` escaped. */
export function quoteString(text: string): string {
  return `"${text.replace(/["'\\]/g, "\\$&")}"`;
}

/** A word as it is where it reads back as itself, else in quotes. */
export function saveWord(text: string): string {
  return text === "" || /[ \t"]/.test(text) ? quoteString(text) : text;
}
