import { matchExtension } from "../../../linux/netfilter/matches/table.ts";
import type { Match } from "../../../model/ruleset.ts";
import type { Family } from "../../../net/address.ts";
import { takeBraces } from "./expression.ts";
import { type Cursor, isMark, take, takeWords } from "./token.ts";

const NAMES = /^(?:unspec|unicast|local|broadcast|anycast|multicast|blackhole|unreachable|prohibit)$/;

/**
 * Takes `fib daddr type local` (net/ipv4/netfilter/nft_fib_ipv4.c nft_fib4_eval_type()), which asks what `-m addrtype` asks; of IPv6
 * only `local` means the same to both. Undefined for other questions to the FIB; nothing is taken then.
 */
export function takeFibType(cursor: Cursor, family: Family): readonly Match[] | undefined {
  const from = cursor.at;
  const match = fibType(cursor, family);
  if (match === undefined) cursor.at = from;
  return match === undefined ? undefined : [match];
}

function fibType(cursor: Cursor, family: Family): Match | undefined {
  if (!takeWords(cursor, "fib")) return undefined;
  const address = take(cursor)?.text;
  if (address !== "saddr" && address !== "daddr") return undefined;
  const limit = takeWords(cursor, ".", "iif") ? "in" : takeWords(cursor, ".", "oif") ? "out" : null;
  if (!takeWords(cursor, "type")) return undefined;
  const invert = takeWords(cursor, "!=");
  const words = isMark(cursor.tokens[cursor.at], "{")
    ? takeBraces(cursor).flatMap(({ kind, text }) => (kind === "word" ? [text] : []))
    : [take(cursor)?.text ?? ""];
  if (words.length === 0 || !words.every((word) => (family === 4 ? NAMES.test(word) : word === "local"))) {
    return undefined;
  }
  const option = {
    name: address === "daddr" ? "dst-type" : "src-type",
    invert,
    values: [words.join(",").toUpperCase()],
  };
  const limits = limit === null ? [] : [{ name: `limit-iface-${limit}`, invert: false, values: [] }];
  const parsed = matchExtension("addrtype").parse([option, ...limits], { family, protocol: null });
  return "problem" in parsed ? undefined : { name: "addrtype", options: parsed.value };
}
