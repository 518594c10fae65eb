import type { TargetExtension } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenValue } from "../option-words.ts";
import { XT_CONTINUE } from "../verdict.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly NFLOG: {
      readonly group: number;
      readonly prefix: string;
      /** Bytes copied; null for the whole packet. */
      readonly size: number | null;
      /** `--nflog-range`, which the kernel ignores; null when absent. */
      readonly range: number | null;
      readonly threshold: number;
    };
  }
}

/** `-j NFLOG`: copies the packet to a program and goes on (net/netfilter/xt_NFLOG.c). */
export const NFLOG: TargetExtension<"NFLOG"> = {
  options: {
    "nflog-group": { values: 1, negatable: false },
    "nflog-prefix": { values: 1, negatable: false },
    "nflog-size": { values: 1, negatable: false },
    "nflog-range": { values: 1, negatable: false },
    "nflog-threshold": { values: 1, negatable: false },
  },
  parse(given) {
    const numbers = new Map<string, number>();
    for (const name of ["nflog-group", "nflog-size", "nflog-range", "nflog-threshold"]) {
      const text = givenValue(given, name);
      if (text === null) continue;
      const number = parseNumber(text, name === "nflog-size" || name === "nflog-range" ? 0xffffffff : 0xffff);
      if (number === null) return { problem: `expected a number after --${name}` };
      numbers.set(name, number);
    }
    const prefix = givenValue(given, "nflog-prefix");
    if (prefix === "") return { problem: "--nflog-prefix is empty" };
    return {
      value: {
        group: numbers.get("nflog-group") ?? 0,
        prefix: prefix ?? "",
        size: numbers.get("nflog-size") ?? null,
        range: numbers.get("nflog-range") ?? null,
        threshold: numbers.get("nflog-threshold") ?? 0,
      },
    };
  },
  print: (options) => [
    ...(options.prefix === "" ? [] : ["--nflog-prefix", options.prefix]),
    ...(options.group === 0 ? [] : ["--nflog-group", String(options.group)]),
    ...(options.size === null ? [] : ["--nflog-size", String(options.size)]),
    ...(options.size !== null || options.range === null ? [] : ["--nflog-range", String(options.range)]),
    ...(options.threshold === 0 ? [] : ["--nflog-threshold", String(options.threshold)]),
  ],
  compile: () => () => XT_CONTINUE,
};
