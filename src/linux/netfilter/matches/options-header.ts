import type { CompiledMatch, GivenOption, OptionSpec, Parsed } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, optionWords } from "../option-words.ts";

/** `hbh` and `dst`: the length of an options header, and the options in it. */
export interface OptionsHeaderTest {
  readonly length: { readonly bytes: number; readonly invert: boolean } | null;
  /** Type and, unless null, length of each option, in order. */
  readonly options: readonly { readonly type: number; readonly length: number | null }[];
}

const MOST = 16;

export function optionsHeaderSpecs(prefix: "hbh" | "dst"): Readonly<Record<string, OptionSpec>> {
  return {
    [`${prefix}-len`]: { values: 1, negatable: true },
    [`${prefix}-opts`]: { values: 1, negatable: false },
  };
}

export function parseOptionsHeader(given: readonly GivenOption[], prefix: "hbh" | "dst"): Parsed<OptionsHeaderTest> {
  const length = givenOption(given, `${prefix}-len`);
  const bytes = length === undefined ? 0 : parseNumber(length.values[0] ?? "", 0xffffffff);
  if (bytes === null) return { problem: `expected --${prefix}-len bytes` };
  const text = givenOption(given, `${prefix}-opts`)?.values[0];
  const options: { type: number; length: number | null }[] = [];
  for (const word of text === undefined ? [] : text.split(",")) {
    const [head = "", tail, extra] = word.split(":");
    const type = parseNumber(head, 0xffffffff);
    const size = tail === undefined ? null : parseNumber(tail, 255);
    if (type === null || extra !== undefined || (tail !== undefined && size === null) || options.length === MOST) {
      return { problem: `expected --${prefix}-opts type[:length],… of at most ${MOST} options` };
    }
    // The tool keeps eight bits of the type.
    options.push({ type: type & 0xff, length: size });
  }
  return { value: { length: length === undefined ? null : { bytes, invert: length.invert }, options } };
}

export function printOptionsHeader({ length, options }: OptionsHeaderTest, prefix: "hbh" | "dst"): readonly string[] {
  const list = options.map((option) => (option.length === null ? `${option.type}` : `${option.type}:${option.length}`));
  return [
    ...(length === null ? [] : optionWords(`${prefix}-len`, length.invert, String(length.bytes))),
    ...(list.length === 0 ? [] : [`--${prefix}-opts`, list.join(",")]),
  ];
}

/** hbh_mt6(): a packet without the header does not match, negated or not, and none here has one. */
export const WITHOUT_HEADER: CompiledMatch = { kind: "never" };
