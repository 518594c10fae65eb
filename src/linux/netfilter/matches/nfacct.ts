import type { MatchExtension } from "../extension.ts";
import { givenValue } from "../option-words.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly nfacct: { readonly name: string };
  }
}

/** NFACCT_NAME_MAX. */
const LONGEST = 31;

/**
 * `-m nfacct` (net/netfilter/xt_nfacct.c): counts in a named object and matches, unless the object has a quota that is
 * not used up. No dump tells of quotas; answers say that they rest on there being none.
 */
export const nfacct: MatchExtension<"nfacct"> = {
  options: { "nfacct-name": { values: 1, negatable: false } },
  parse(given) {
    const name = givenValue(given, "nfacct-name") ?? "";
    return name === "" || name.length > LONGEST ? { problem: "expected --nfacct-name name" } : { value: { name } };
  },
  print: ({ name }) => ["--nfacct-name", name],
  compile({ name }) {
    const assumption = `accounting object ${name} has no quota`;
    return {
      kind: "call",
      test(_skb, runtime) {
        runtime.services.assume(runtime, "no-quota", assumption);
        return true;
      },
    };
  },
};
