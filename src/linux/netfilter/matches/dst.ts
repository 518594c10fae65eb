import type { MatchExtension } from "../extension.ts";
import {
  type OptionsHeaderTest,
  optionsHeaderSpecs,
  parseOptionsHeader,
  printOptionsHeader,
  WITHOUT_HEADER,
} from "./options-header.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly dst: OptionsHeaderTest;
  }
}

/** `-m dst` (net/ipv6/netfilter/ip6t_hbh.c): IPv6 destination options. No packet here has that header, so none matches. */
export const dst: MatchExtension<"dst"> = {
  options: optionsHeaderSpecs("dst"),
  parse: (given, { family }) =>
    family === 6 ? parseOptionsHeader(given, "dst") : { problem: "dst is a match of IPv6" },
  print: (options) => printOptionsHeader(options, "dst"),
  compile: () => WITHOUT_HEADER,
};
