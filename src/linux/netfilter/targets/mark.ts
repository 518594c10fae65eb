import type { TargetExtension } from "../extension.ts";
import { formatMark, type MarkMask, parseMarkMask, parseUint32 } from "../mark-value.ts";
import { XT_CONTINUE } from "../verdict.ts";

declare module "../../../model/ruleset.ts" {
  interface Targets {
    /** As the kernel holds it: `mark = (mark & ~mask) ^ value`. */
    readonly MARK: MarkMask;
  }
}

/** Reads the five spellings into the one form of `struct xt_mark_tginfo2`. */
function normalise(name: string, text: string): MarkMask | null {
  if (name === "set-mark" || name === "set-xmark") {
    const parsed = parseMarkMask(text);
    if (parsed === null || name === "set-xmark") return parsed;
    return { value: parsed.value, mask: (parsed.value | parsed.mask) >>> 0 };
  }
  const bits = parseUint32(text);
  if (bits === null) return null;
  if (name === "and-mark") return { value: 0, mask: ~bits >>> 0 };
  return name === "or-mark" ? { value: bits, mask: bits } : { value: bits, mask: 0 };
}

/** `-j MARK` (net/netfilter/xt_mark.c). */
export const MARK: TargetExtension<"MARK"> = {
  options: {
    "set-xmark": { values: 1, negatable: false },
    "set-mark": { values: 1, negatable: false },
    "and-mark": { values: 1, negatable: false },
    "or-mark": { values: 1, negatable: false },
    "xor-mark": { values: 1, negatable: false },
  },
  parse(given) {
    const option = given[0];
    const value = option === undefined ? null : normalise(option.name, option.values[0] ?? "");
    return value === null ? { problem: "expected --set-xmark value[/mask]" } : { value };
  },
  print: (options) => [
    "--set-xmark",
    options.mask === 0xffffffff ? `${formatMark(options)}/0xffffffff` : formatMark(options),
  ],
  compile: (options) => (skb) => {
    skb.mark = ((skb.mark & ~options.mask) ^ options.value) >>> 0;
    return XT_CONTINUE;
  },
};
