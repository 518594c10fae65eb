import { findExtension, type Ipv6Option } from "../../../net/ipv6-extension.ts";
import type { CompiledMatch, GivenOption, OptionSpec, Parsed } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, optionWords } from "../option-words.ts";
import { isNumber } from "./spi-test.ts";

/** `hbh` and `dst`: the length of an options header, and the options in it. */
export interface OptionsHeaderTest {
  readonly length: { readonly bytes: number; readonly invert: boolean } | null;
  /** Type and, unless null, length of each option, in order. */
  readonly options: readonly { readonly type: number; readonly length: number | null }[];
}

const MOST = 16;
const ANY_LENGTH = 0xff;

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

/** The options that a rule lists are the first of the header, padding included; a length of 255 is any. */
function beginsWith(present: readonly Ipv6Option[], wanted: OptionsHeaderTest["options"]): boolean {
  return wanted.every(({ type, length }, index) => {
    const option = present[index];
    if (option === undefined || option.type !== type) return false;
    return type === 0 || length === null || length === ANY_LENGTH || length === option.length;
  });
}

/** hbh_mt6() (net/ipv6/netfilter/ip6t_hbh.c): a packet without the header does not match, negated or not. */
export function compileOptionsHeader(test: OptionsHeaderTest, header: "hop-by-hop" | "destination"): CompiledMatch {
  const length = test.length === null ? null : { number: test.length.bytes, invert: test.length.invert };
  return {
    kind: "call",
    test({ packet }) {
      const found = findExtension(packet.extensions, header);
      return found !== null && isNumber(length, found.length) && beginsWith(found.options, test.options);
    },
  };
}
