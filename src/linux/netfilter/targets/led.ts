import type { TargetExtension } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, givenValue } from "../option-words.ts";
import { goOn } from "./noting.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly LED: {
      readonly trigger: string;
      /** Milliseconds, or for ever. */
      readonly delay: number | "inf";
      readonly alwaysBlink: boolean;
    };
  }
}

/** `-j LED`: lights a lamp and goes on (net/netfilter/xt_LED.c). */
export const LED: TargetExtension<"LED"> = {
  options: {
    "led-trigger-id": { values: 1, negatable: false },
    "led-delay": { values: 1, negatable: false },
    "led-always-blink": { values: 0, negatable: false },
  },
  parse(given) {
    const trigger = givenValue(given, "led-trigger-id") ?? "";
    const text = givenValue(given, "led-delay");
    const delay = text === "inf" ? "inf" : parseNumber(text ?? "0", 0xffffffff);
    if (trigger === "") return { problem: "expected --led-trigger-id name" };
    if (delay === null) return { problem: "expected --led-delay milliseconds or inf" };
    return { value: { trigger, delay, alwaysBlink: givenOption(given, "led-always-blink") !== undefined } };
  },
  print: ({ trigger, delay, alwaysBlink }) => [
    "--led-trigger-id",
    trigger,
    ...(delay === 0 ? [] : ["--led-delay", String(delay)]),
    ...(alwaysBlink ? ["--led-always-blink"] : []),
  ],
  compile: () => goOn,
};
