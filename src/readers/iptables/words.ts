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

const TAB = 9;
const SPACE = 32;
const QUOTE = 34;
const BACKSLASH = 92;

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
    const code = i < line.length ? line.charCodeAt(i) : SPACE;
    if (code !== SPACE && code !== TAB) {
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
  let at = 0;
  let openQuote = false;
  while (at < line.length) {
    let code = line.charCodeAt(at);
    if (code === SPACE || code === TAB) {
      at++;
      continue;
    }
    const start = at;
    while (at < line.length && code !== SPACE && code !== TAB && code !== QUOTE) code = line.charCodeAt(++at);
    if (code !== QUOTE) {
      words.push({ text: line.slice(start, at), column: start + 1, quoted: false });
      continue;
    }
    const close = closingQuote(line, at + 1);
    openQuote = close >= line.length;
    const text = line.slice(start, at) + unescaped(line.slice(at + 1, close));
    words.push({ text, column: start + 1, quoted: true });
    at = close + 1;
  }
  return { words, openQuote };
}

/** Where the quote that opened before `from` closes; the length of the line when it does not. */
function closingQuote(line: string, from: number): number {
  for (let at = line.indexOf('"', from); at >= 0; at = line.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (at - backslashes > from && line.charCodeAt(at - backslashes - 1) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return line.length;
}

function unescaped(text: string): string {
  return text.includes("\\") ? text.replace(/\\(.)/g, "$1") : text;
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
