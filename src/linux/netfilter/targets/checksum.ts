import type { TargetExtension } from "../extension.ts";
import { XT_CONTINUE } from "../verdict.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly CHECKSUM: Readonly<Record<string, never>>;
  }
}

/** `-j CHECKSUM --checksum-fill`: fills in a checksum that offloading left out; no verdict (net/netfilter/xt_CHECKSUM.c). */
export const CHECKSUM: TargetExtension<"CHECKSUM"> = {
  options: { "checksum-fill": { values: 0, negatable: false } },
  parse: (given) => (given.length === 1 ? { value: {} } : { problem: "expected --checksum-fill" }),
  print: () => ["--checksum-fill"],
  compile: () => () => XT_CONTINUE,
};
