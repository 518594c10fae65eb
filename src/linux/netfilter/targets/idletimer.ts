import type { TargetExtension } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, givenValue } from "../option-words.ts";
import { goOn } from "./noting.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    /** Seconds. */
    readonly IDLETIMER: { readonly timeout: number; readonly label: string; readonly alarm: boolean };
  }
}

/** MAX_IDLETIMER_LABEL_SIZE less the final NUL. */
const LONGEST = 27;

/** `-j IDLETIMER`: restarts a timer that user space watches, and goes on (net/netfilter/xt_IDLETIMER.c). */
export const IDLETIMER: TargetExtension<"IDLETIMER"> = {
  options: {
    timeout: { values: 1, negatable: false },
    label: { values: 1, negatable: false },
    alarm: { values: 0, negatable: false },
  },
  parse(given) {
    const timeout = parseNumber(givenValue(given, "timeout") ?? "", 0xffffffff);
    const label = (givenValue(given, "label") ?? "").slice(0, LONGEST);
    if (timeout === null || timeout === 0) return { problem: "expected --timeout seconds" };
    if (label === "") return { problem: "expected --label name" };
    return { value: { timeout, label, alarm: givenOption(given, "alarm") !== undefined } };
  },
  print: ({ timeout, label, alarm }) => ["--timeout", String(timeout), "--label", label, ...(alarm ? ["--alarm"] : [])],
  compile: () => goOn,
};
