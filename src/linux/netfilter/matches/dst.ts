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
    readonly dst: OptionsHeaderTest;
  }
}

/** `-m dst` (net/ipv6/netfilter/ip6t_hbh.c): IPv6 destination options. */
export const dst: MatchExtension<"dst"> = {
  options: optionsHeaderSpecs("dst"),
  parse: (given, { family }) =>
    family === 6 ? parseOptionsHeader(given, "dst") : { problem: "dst is a match of IPv6" },
  print: (options) => printOptionsHeader(options, "dst"),
  compile: (options) => compileOptionsHeader(options, "destination"),
};
