import type { TargetExtension } from "../extension.ts";
import { compileHopLimit, type HopLimitChange, hopLimitOptions, parseHopLimit, printHopLimit } from "./hop-limit.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly TTL: HopLimitChange;
  }
}

/** `-j TTL`, IPv4 only (net/netfilter/xt_HL.c). */
export const TTL: TargetExtension<"TTL"> = {
  options: hopLimitOptions("ttl"),
  parse: (given, context) =>
    context.family === 4 ? parseHopLimit(given, "ttl") : { problem: "TTL is for IPv4; HL is for IPv6" },
  print: (options) => printHopLimit(options, "ttl"),
  compile: compileHopLimit,
};
