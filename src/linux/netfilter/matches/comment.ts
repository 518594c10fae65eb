import type { MatchExtension } from "../extension.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly comment: { readonly text: string };
  }
}

/** `-m comment --comment TEXT`: says something to people, matches always. */
export const comment: MatchExtension<"comment"> = {
  options: { comment: { values: 1, negatable: false } },
  parse(given) {
    const text = given[0]?.values[0];
    return text === undefined ? { problem: "--comment is missing" } : { value: { text } };
  },
  print: (options) => ["--comment", options.text],
  compile: () => ({ kind: "always" }),
};
