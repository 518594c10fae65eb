import type { Matches } from "../../../model/ruleset.ts";
import { TCP } from "../../../net/protocol.ts";
import { SYN } from "../../../net/tcp-flags.ts";
import type { MatchExtension } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, givenValue, optionWords } from "../option-words.ts";
import { askMatch } from "./unknown-match.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly osf: {
      readonly genre: string;
      readonly invert: boolean;
      readonly ttl: number | null;
      readonly log: number | null;
    };
  }
}

/** MAXGENRELEN less the final NUL. */
const LONGEST = 31;

function words({ genre, invert, ttl, log }: Matches["osf"]): readonly string[] {
  return [
    ...optionWords("genre", invert, genre),
    ...(ttl === null ? [] : ["--ttl", String(ttl)]),
    ...(log === null ? [] : ["--log", String(log)]),
  ];
}

/**
 * `-m osf` (net/netfilter/xt_osf.c): the operating system that a TCP SYN looks like, by fingerprints loaded into the
 * kernel: a question. Other segments never match. IPv4 only.
 */
export const osf: MatchExtension<"osf"> = {
  options: {
    genre: { values: 1, negatable: true },
    ttl: { values: 1, negatable: false },
    log: { values: 1, negatable: false },
  },
  parse(given, { family, protocol }) {
    if (family === 6 || protocol !== TCP) return { problem: "the rule needs IPv4 and -p tcp" };
    const genre = givenOption(given, "genre");
    const name = genre?.values[0] ?? "";
    if (genre === undefined || name === "" || name.length > LONGEST) return { problem: "expected --genre name" };
    const ttlText = givenValue(given, "ttl");
    const logText = givenValue(given, "log");
    const ttl = ttlText === null ? null : parseNumber(ttlText, 2);
    const log = logText === null ? null : parseNumber(logText, 2);
    if ((ttl === null && ttlText !== null) || (log === null && logText !== null)) {
      return { problem: "expected --ttl and --log from 0 to 2" };
    }
    return { value: { genre: name, invert: genre.invert, ttl, log } };
  },
  print: words,
  compile(options) {
    // Negated it is another question: without a fingerprint that fits, neither holds (seen on Linux 6.18).
    const question = {
      text: `osf ${words({ ...options, log: null }).join(" ")}`,
      invert: false,
      reason: "it depends on fingerprints and on TCP options of the segment",
    };
    return {
      kind: "call",
      test: (skb, runtime) =>
        skb.packet.protocol === TCP &&
        (skb.packet.flags & SYN) !== 0 &&
        skb.packet.fragmentOffset === 0 &&
        askMatch(question, skb, runtime),
    };
  },
};
