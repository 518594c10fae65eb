import type { TargetExtension } from "../extension.ts";
import { givenValue } from "../option-words.ts";
import { XT_CONTINUE } from "../verdict.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    /** Both 16 bits. */
    readonly CLASSIFY: { readonly major: number; readonly minor: number };
  }
}

/** `-j CLASSIFY`: chooses a traffic class of the queueing discipline, which changes no verdict (net/netfilter/xt_CLASSIFY.c). */
export const CLASSIFY: TargetExtension<"CLASSIFY"> = {
  options: { "set-class": { values: 1, negatable: false } },
  parse(given) {
    const parts = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(givenValue(given, "set-class") ?? "");
    if (parts === null) return { problem: "expected --set-class major:minor in hexadecimal" };
    return { value: { major: Number.parseInt(parts[1] ?? "", 16), minor: Number.parseInt(parts[2] ?? "", 16) } };
  },
  print: ({ major, minor }) => [
    "--set-class",
    `${major.toString(16).padStart(4, "0")}:${minor.toString(16).padStart(4, "0")}`,
  ],
  compile: () => () => XT_CONTINUE,
};
