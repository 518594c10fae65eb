import type { TargetExtension } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { givenValue } from "../option-words.ts";
import { XT_CONTINUE } from "../verdict.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    /** 0 to 63. */
    readonly DSCP: { readonly dscp: number };
  }
}

/** CS0-CS7, AFxy, EF and BE (RFC 2474, 2597, 3246). */
function dscpOfClass(name: string): number | null {
  const upper = name.toUpperCase();
  if (upper === "EF") return 0x2e;
  if (upper === "BE") return 0;
  const selector = /^CS([0-7])$/.exec(upper);
  if (selector !== null) return Number(selector[1]) << 3;
  const assured = /^AF([1-4])([1-3])$/.exec(upper);
  return assured === null ? null : (Number(assured[1]) << 3) | (Number(assured[2]) << 1);
}

/** `-j DSCP`: the upper six bits of the TOS byte or traffic class (net/netfilter/xt_DSCP.c). */
export const DSCP: TargetExtension<"DSCP"> = {
  options: { "set-dscp": { values: 1, negatable: false }, "set-dscp-class": { values: 1, negatable: false } },
  parse(given) {
    if (given.length !== 1) return { problem: "expected --set-dscp value or --set-dscp-class name" };
    const text = givenValue(given, "set-dscp");
    const dscp = text === null ? dscpOfClass(givenValue(given, "set-dscp-class") ?? "") : parseNumber(text, 63);
    return dscp === null ? { problem: "expected a DSCP of 0-63, or a class name" } : { value: { dscp } };
  },
  print: (options) => ["--set-dscp", `0x${options.dscp.toString(16).padStart(2, "0")}`],
  compile:
    ({ dscp }) =>
    ({ packet }) => {
      packet.tos = (packet.tos & 0x03) | (dscp << 2);
      return XT_CONTINUE;
    },
};
