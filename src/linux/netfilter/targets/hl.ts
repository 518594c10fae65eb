import type { TargetExtension } from "../extension.ts";
import { compileHopLimit, type HopLimitChange, hopLimitOptions, parseHopLimit, printHopLimit } from "./hop-limit.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly HL: HopLimitChange;
  }
}

/** `-j HL`, IPv6 only (net/netfilter/xt_HL.c). */
export const HL: TargetExtension<"HL"> = {
  options: hopLimitOptions("hl"),
  parse: (given, context) =>
    context.family === 6 ? parseHopLimit(given, "hl") : { problem: "HL is for IPv6; TTL is for IPv4" },
  print: (options) => printHopLimit(options, "hl"),
  compile: compileHopLimit,
};
