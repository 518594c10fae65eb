import { parseNumber } from "./option-values.ts";

/** A type and the codes of it that count. */
export interface IcmpTypeTest {
  readonly type: number;
  readonly firstCode: number;
  readonly lastCode: number;
}

/** Name, type, and code where the name means one code only. */
export type IcmpName = readonly [name: string, type: number, code?: number];

/**
 * A type by name (any unambiguous start of it, in any case), by number, or `type/code`
 * (libxtables/xtoptions and extensions/libxt_icmp.h ipt_parse_icmp). Null when unknown or ambiguous.
 */
export function parseIcmpType(names: readonly IcmpName[], text: string): IcmpTypeTest | null {
  const lower = text.toLowerCase();
  const found = lower === "" ? [] : names.filter(([name]) => name.toLowerCase().startsWith(lower));
  const [match] = found.length === 1 ? found : names.filter(([name]) => name.toLowerCase() === lower);
  if (match !== undefined) {
    const [, type, code] = match;
    return { type, firstCode: code ?? 0, lastCode: code ?? 255 };
  }
  const slash = text.indexOf("/");
  const type = parseNumber(slash < 0 ? text : text.slice(0, slash), 255);
  if (type === null) return null;
  if (slash < 0) return { type, firstCode: 0, lastCode: 255 };
  const code = parseNumber(text.slice(slash + 1), 255);
  return code === null ? null : { type, firstCode: code, lastCode: code };
}

/** `8`, or `3/4`. */
export function formatIcmpType(test: IcmpTypeTest): string {
  return test.firstCode === 0 && test.lastCode === 255 ? String(test.type) : `${test.type}/${test.firstCode}`;
}
