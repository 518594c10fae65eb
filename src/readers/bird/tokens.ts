import type { Origin } from "../../model/origin.ts";
import { type Address, parseAddress } from "../../net/address.ts";
import { type Prefix, parsePrefix } from "../../net/prefix.ts";

/** A token of BIRD's configuration, and where it stands. `text` is what was written, without quotes. */
export interface BirdToken {
  readonly kind: "word" | "number" | "string" | "address" | "prefix" | "sign" | "end";
  readonly text: string;
  readonly address: Address | null;
  readonly prefix: Prefix | null;
  readonly origin: Origin;
  readonly line: number;
  /** From 1. */
  readonly column: number;
  readonly file: string;
}

/** A line of a configuration file with its origin. */
export interface BirdLine {
  readonly text: string;
  readonly number: number;
  readonly origin: Origin;
  readonly file: string;
}

export interface BirdTokens {
  readonly tokens: readonly BirdToken[];
  /** Characters that begin no token, and strings without an end. */
  readonly odd: readonly BirdToken[];
}

const BLANK = /[ \t\r\f\v]+/y;
const VERSION_4 = /\d{1,3}(?:\.\d{1,3}){3}(?:\/\d{1,2})?/y;
/** Two colons at least, so that nothing else of the language is one. */
const VERSION_6 =
  /[\da-fA-F]{0,4}:(?:[\da-fA-F]{0,4}:){1,7}(?:[\da-fA-F]{1,4}|\d{1,3}(?:\.\d{1,3}){3})?(?:\/\d{1,3})?/y;
const NUMBER = /0x[\da-fA-F]+|\d+/y;
const WORD = /[A-Za-z_][\w]*|'[^'\n]{1,200}'/y;
const STRING = /"([^"\n]*)"/y;
const SIGN = /\[=|=\]|!~|!=|<=|>=|&&|\|\||\.\.|[-+*/=<>~!(){}[\];,.?%:&|]/y;

/** Cuts a configuration into tokens (conf/cf-lex.l); comments are `#` to the end of the line and slash-star. Linear. */
export function birdTokens(lines: readonly BirdLine[]): BirdTokens {
  const tokens: BirdToken[] = [];
  const odd: BirdToken[] = [];
  let commented = false;
  for (const line of lines) {
    const { text } = line;
    let at = 0;
    const take = (pattern: RegExp): string | null => {
      pattern.lastIndex = at;
      const match = pattern.exec(text);
      return match === null ? null : match[0];
    };
    const token = (kind: BirdToken["kind"], written: string, place: Place | null = null): BirdToken => ({
      kind,
      text: written,
      address: place === null ? null : place.address,
      prefix: place === null ? null : place.prefix,
      origin: line.origin,
      line: line.number,
      column: at + 1,
      file: line.file,
    });
    while (at < text.length) {
      if (commented) {
        const end = text.indexOf("*/", at);
        commented = end < 0;
        at = commented ? text.length : end + 2;
        continue;
      }
      if (text[at] === "#") break;
      if (text.startsWith("/*", at)) {
        commented = true;
        at += 2;
        continue;
      }
      const blank = take(BLANK);
      if (blank !== null) {
        at += blank.length;
        continue;
      }
      const place = addressAt(take(VERSION_6)) ?? addressAt(take(VERSION_4));
      if (place !== null) {
        tokens.push(token(place.prefix === null ? "address" : "prefix", place.text, place));
        at += place.text.length;
        continue;
      }
      const number = take(NUMBER);
      const word = number === null ? take(WORD) : null;
      const string = number === null && word === null ? take(STRING) : null;
      const sign = number === null && word === null && string === null ? take(SIGN) : null;
      const found = number ?? word ?? string ?? sign;
      if (found === null) {
        odd.push(token("sign", text[at] ?? ""));
        at++;
        continue;
      }
      if (number !== null) tokens.push(token("number", number));
      else if (word !== null) tokens.push(token("word", word.startsWith("'") ? word.slice(1, -1) : word));
      else if (string !== null) tokens.push(token("string", string.slice(1, -1)));
      else tokens.push(token("sign", found));
      at += found.length;
    }
  }
  return { tokens, odd };
}

type Place = Pick<BirdToken, "text" | "address" | "prefix">;

function addressAt(text: string | null): Place | null {
  if (text === null) return null;
  if (text.includes("/")) {
    const prefix = parsePrefix(text);
    return prefix === null ? null : { text, address: null, prefix };
  }
  const address = parseAddress(text);
  return address === null ? null : { text, address, prefix: null };
}
