import type { TargetExtension } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenValue } from "../option-words.ts";
import { goOn } from "./noting.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly ULOG: {
      readonly prefix: string;
      readonly group: number;
      /** Bytes copied; 0 for the whole packet. */
      readonly copyRange: number;
      readonly threshold: number;
    };
  }
}

/** ULOG_PREFIX_LEN less the final NUL. */
const LONGEST = 31;

/** `-j ULOG`: copied packets to a program and went on; Linux 3.17 dropped it, NFLOG took over (net/ipv4/netfilter/ipt_ULOG.c). */
export const ULOG: TargetExtension<"ULOG"> = {
  options: {
    "ulog-prefix": { values: 1, negatable: false },
    "ulog-nlgroup": { values: 1, negatable: false },
    "ulog-cprange": { values: 1, negatable: false },
    "ulog-qthreshold": { values: 1, negatable: false },
  },
  parse(given, { family }) {
    if (family === 6) return { problem: "ULOG is a target of IPv4" };
    const prefix = (givenValue(given, "ulog-prefix") ?? "").slice(0, LONGEST);
    const group = parseNumber(givenValue(given, "ulog-nlgroup") ?? "1", 32);
    const copyRange = parseNumber(givenValue(given, "ulog-cprange") ?? "0", 0xffffffff);
    const threshold = parseNumber(givenValue(given, "ulog-qthreshold") ?? "1", 50);
    if (group === null || group === 0) return { problem: "expected --ulog-nlgroup 1-32" };
    if (copyRange === null || threshold === null || threshold === 0) {
      return { problem: "bad value of --ulog-cprange or --ulog-qthreshold" };
    }
    return { value: { prefix, group, copyRange, threshold } };
  },
  print: ({ prefix, group, copyRange, threshold }) => [
    ...(prefix === "" ? [] : ["--ulog-prefix", prefix]),
    ...(group === 1 ? [] : ["--ulog-nlgroup", String(group)]),
    ...(copyRange === 0 ? [] : ["--ulog-cprange", String(copyRange)]),
    ...(threshold === 1 ? [] : ["--ulog-qthreshold", String(threshold)]),
  ],
  compile: () => goOn,
};
