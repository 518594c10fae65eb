import type { GivenOption, TargetExtension } from "../extension.ts";
import { parseNumber } from "../option-values.ts";
import { XT_CONTINUE } from "../verdict.ts";

/** Both bytes: `tos = (tos & ~mask) ^ value`. */
interface TosChange {
  readonly value: number;
  readonly mask: number;
}

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly TOS: TosChange;
  }
}

/** The names of RFC 1349; they leave the two ECN bits' neighbours alone (extensions/tos_values.c). */
const NAMES: Readonly<Record<string, number>> = {
  "minimize-delay": 0x10,
  "maximize-throughput": 0x08,
  "maximize-reliability": 0x04,
  "minimize-cost": 0x02,
  "normal-service": 0x00,
};
const NAME_MASK = 0x3f;

/** `-j TOS` (net/netfilter/xt_DSCP.c tos_tg). */
export const TOS: TargetExtension<"TOS"> = {
  options: {
    "set-tos": { values: 1, negatable: false },
    "and-tos": { values: 1, negatable: false },
    "or-tos": { values: 1, negatable: false },
    "xor-tos": { values: 1, negatable: false },
  },
  parse(given) {
    const option = given[0];
    const change = option === undefined || given.length > 1 ? null : readChange(option);
    return change === null ? { problem: "expected --set-tos value[/mask] or a name" } : { value: change };
  },
  print: ({ value, mask }) => ["--set-tos", `0x${hexByte(value)}/0x${hexByte(mask)}`],
  compile:
    ({ value, mask }) =>
    ({ packet }) => {
      packet.tos = ((packet.tos & ~mask) ^ value) & 0xff;
      return XT_CONTINUE;
    },
};

function readChange(option: GivenOption): TosChange | null {
  const text = option.values[0] ?? "";
  if (option.name === "set-tos") {
    const named = NAMES[text.toLowerCase()];
    if (named !== undefined) return { value: named, mask: NAME_MASK };
    const slash = text.indexOf("/");
    const value = parseByte(slash < 0 ? text : text.slice(0, slash));
    const mask = slash < 0 ? 0xff : parseByte(text.slice(slash + 1));
    return value === null || mask === null ? null : { value, mask };
  }
  const bits = parseByte(text);
  if (bits === null) return null;
  if (option.name === "and-tos") return { value: 0, mask: ~bits & 0xff };
  return option.name === "or-tos" ? { value: bits, mask: bits } : { value: bits, mask: 0 };
}

function parseByte(text: string): number | null {
  return parseNumber(text, 0xff);
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, "0");
}
