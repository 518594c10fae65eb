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

const BACKSLASH = 92;

/**
 * Splits a line as iptables-restore does (iptables/xshared.c add_param_to_argv): words end at blanks and at a closing
 * double quote; a double quote may open in the middle of a word; only within quotes does a backslash take the next
 * character as it is. Single quotes mean nothing.
 */
export function splitWords(text: string): SplitLine {
  const line = text.includes("\t") ? withBlanksForTabs(text) : text;
  const words: Word[] = [];
  let openQuote = false;
  let at = 0;
  let blank = positionOf(" ", line, 0);
  let quote = positionOf('"', line, 0);
  while (at < line.length) {
    if (blank < at) blank = positionOf(" ", line, at);
    if (quote < at) quote = positionOf('"', line, at);
    if (blank <= quote) {
      if (blank > at) words.push({ text: line.slice(at, blank), column: at + 1, quoted: false });
      at = blank + 1;
      continue;
    }
    const close = closingQuote(line, quote + 1);
    openQuote = close >= line.length;
    words.push({ text: line.slice(at, quote) + unescaped(line.slice(quote + 1, close)), column: at + 1, quoted: true });
    at = close + 1;
  }
  return { words, openQuote };
}

/** Tabs part words outside of quotes, and stand for themselves inside. */
function withBlanksForTabs(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"?|\t/g, (found) => (found === "\t" ? " " : found));
}

/** Where the character stands next; the length of the line when it does not. */
function positionOf(character: string, line: string, from: number): number {
  const at = line.indexOf(character, from);
  return at < 0 ? line.length : at;
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
