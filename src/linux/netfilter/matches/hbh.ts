import type { MatchExtension } from "../extension.ts";
import {
  compileOptionsHeader,
  type OptionsHeaderTest,
  optionsHeaderSpecs,
  parseOptionsHeader,
  printOptionsHeader,
} from "./options-header.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly hbh: OptionsHeaderTest;
  }
}

/** `-m hbh` (net/ipv6/netfilter/ip6t_hbh.c): IPv6 hop-by-hop options. */
export const hbh: MatchExtension<"hbh"> = {
  options: optionsHeaderSpecs("hbh"),
  parse: (given, { family }) =>
    family === 6 ? parseOptionsHeader(given, "hbh") : { problem: "hbh is a match of IPv6" },
  print: (options) => printOptionsHeader(options, "hbh"),
  compile: (options) => compileOptionsHeader(options, "hop-by-hop"),
};
