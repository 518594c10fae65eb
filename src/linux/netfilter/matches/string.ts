import type { Packet } from "../../../net/packet.ts";
import type { MatchExtension, Parsed } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, givenValue, optionWords } from "../option-words.ts";
import { byte, layOut, read } from "./packet-bytes.ts";
import { askMatch } from "./unknown-match.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly string: {
      readonly pattern: readonly number[];
      readonly invert: boolean;
      readonly algorithm: "bm" | "kmp";
      readonly from: number;
      readonly to: number;
      readonly ignoreCase: boolean;
    };
  }
}

/** XT_STRING_MAX_PATTERN_SIZE. */
const LONGEST = 128;
const END = 0xffff;
const BACKSLASH = 92;

/** `text|hex|text`, where a backslash takes the next character as it is (extensions/libxt_string.c parse_hex_string). */
function parseHexString(text: string): Parsed<readonly number[]> {
  const source = [...new TextEncoder().encode(text)];
  const pattern: number[] = [];
  let inside = false;
  for (let at = 0; at < source.length; at++) {
    const code = source[at] ?? 0;
    const character = String.fromCharCode(code);
    if (character === "\\" && !inside) {
      const next = source[++at];
      if (next === undefined) return { problem: "bad literal placement at end of string" };
      pattern.push(next);
    } else if (character === "|") {
      if (!inside && source[at + 1] === code) return { problem: "odd number of hex digits" };
      inside = !inside;
    } else if (!inside) pattern.push(code);
    else if (character !== " ") {
      const digits = `${character}${String.fromCharCode(source[++at] ?? 0)}`;
      if (!/^[0-9a-f]{2}$/i.test(digits)) return { problem: "invalid hex block" };
      pattern.push(Number.parseInt(digits, 16));
    }
  }
  return inside ? { problem: "invalid hex block" } : { value: pattern };
}

/** is_hex_string(): a pattern with bytes that do not print, or with a backslash at its end. */
function needsHex(pattern: readonly number[]): boolean {
  return pattern.at(-1) === BACKSLASH || pattern.some((code) => code < 32 || code > 126);
}

function patternWords(pattern: readonly number[], invert: boolean): readonly string[] {
  if (!needsHex(pattern)) return optionWords("string", invert, String.fromCharCode(...pattern));
  const digits = pattern.map((code) => code.toString(16).padStart(2, "0")).join("");
  return optionWords("hex-string", invert, `|${digits}|`);
}

function lower(code: number): number {
  return code >= 65 && code <= 90 ? code + 32 : code;
}

/** Whether the pattern stands in the packet between the offsets; null where bytes that are not known decide. */
function occurs(
  pattern: readonly number[],
  from: number,
  to: number,
  ignoreCase: boolean,
  packet: Packet,
): boolean | null {
  const end = Math.min(layOut(packet), to) - pattern.length;
  let possible = false;
  for (let start = from; start <= end; start++) {
    let sure = true;
    let fits = true;
    for (let i = 0; i < pattern.length; i++) {
      byte(start + i);
      const wanted = pattern[i] ?? 0;
      if (read.known !== 0xff) {
        sure = false;
        if (!ignoreCase && (read.value & read.known) !== (wanted & read.known)) fits = false;
      } else if (ignoreCase ? lower(read.value) !== lower(wanted) : read.value !== wanted) fits = false;
      if (!fits) break;
    }
    if (fits && sure) return true;
    if (fits) possible = true;
  }
  return possible ? null : false;
}

/**
 * `-m string` (net/netfilter/xt_string.c): searches the packet from its IP header on, hence also its headers. podpath
 * knows the headers; a pattern that only the payload or a checksum could hold is a question, one longer than what there
 * is to search is not.
 */
export const string: MatchExtension<"string"> = {
  options: {
    string: { values: 1, negatable: true },
    "hex-string": { values: 1, negatable: true },
    algo: { values: 1, negatable: false },
    from: { values: 1, negatable: false },
    to: { values: 1, negatable: false },
    icase: { values: 0, negatable: false },
  },
  parse(given) {
    const plain = givenOption(given, "string");
    const hexadecimal = givenOption(given, "hex-string");
    const option = plain ?? hexadecimal;
    if (option === undefined) return { problem: "you must specify --string or --hex-string" };
    if (plain !== undefined && hexadecimal !== undefined)
      return { problem: "--string and --hex-string exclude each other" };
    const algorithm = givenValue(given, "algo");
    if (algorithm !== "bm" && algorithm !== "kmp") return { problem: "expected --algo bm or kmp" };
    const text = option.values[0] ?? "";
    const pattern = plain === undefined ? parseHexString(text) : { value: [...new TextEncoder().encode(text)] };
    if ("problem" in pattern) return pattern;
    if (pattern.value.length === 0 || pattern.value.length > LONGEST) {
      return { problem: `the pattern must have 1 to ${LONGEST} bytes` };
    }
    const from = parseNumber(givenValue(given, "from") ?? "0", END);
    const to = parseNumber(givenValue(given, "to") ?? String(END), END);
    if (from === null || to === null) return { problem: "expected --from and --to up to 65535" };
    if (from > to) return { problem: "--from lies behind --to" };
    const ignoreCase = givenOption(given, "icase") !== undefined;
    return { value: { pattern: pattern.value, invert: option.invert, algorithm, from, to, ignoreCase } };
  },
  print: ({ pattern, invert, algorithm, from, to, ignoreCase }) => [
    ...patternWords(pattern, invert),
    "--algo",
    algorithm,
    ...(from === 0 ? [] : ["--from", String(from)]),
    ...(to === END ? [] : ["--to", String(to)]),
    ...(ignoreCase ? ["--icase"] : []),
  ],
  compile(options) {
    const { pattern, invert, from, to, ignoreCase } = options;
    const question = {
      text: `string ${patternWords(pattern, false).join(" ")} from ${from} to ${to}${ignoreCase ? " in any case" : ""}`,
      invert,
      reason: "the payload of the packet is not known",
    };
    return {
      kind: "call",
      test(skb, runtime) {
        const found = occurs(pattern, from, to, ignoreCase, skb.packet);
        return found === null ? askMatch(question, skb, runtime) : found !== invert;
      },
    };
  },
};
