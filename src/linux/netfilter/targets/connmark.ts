import { connectionMark, setConnectionMark } from "../connection-mark.ts";
import type { GivenOption, Parsed, TargetExtension } from "../extension.ts";
import { type MarkMask, parseUint32 } from "../mark-value.ts";
import { givenOption, givenValue } from "../option-words.ts";
import { XT_CONTINUE } from "../verdict.ts";
import { applySetMark, parseSetMark, printSetMark, SET_MARK_OPTIONS } from "./set-mark.ts";

/** Bits the moved mark is shifted by; 0 for none (`--left-shift-mark`, `--right-shift-mark`). */
interface Shift {
  readonly direction: "left" | "right";
  readonly bits: number;
}

/** `struct xt_connmark_tginfo2`. */
export type ConnmarkOptions =
  | { readonly mode: "set"; readonly mark: MarkMask; readonly shift: Shift | null }
  | {
      readonly mode: "save" | "restore";
      readonly nfMask: number;
      readonly ctMask: number;
      readonly shift: Shift | null;
    };

declare module "../../../model/ruleset.ts" {
  interface Targets {
    readonly CONNMARK: ConnmarkOptions;
  }
}

/** `-j CONNMARK` (net/netfilter/xt_connmark.c connmark_tg_shift); a packet without a connection goes on unchanged. */
export const CONNMARK: TargetExtension<"CONNMARK"> = {
  options: {
    ...SET_MARK_OPTIONS,
    "save-mark": { values: 0, negatable: false },
    "restore-mark": { values: 0, negatable: false },
    nfmask: { values: 1, negatable: false },
    ctmask: { values: 1, negatable: false },
    mask: { values: 1, negatable: false },
    "left-shift-mark": { values: 1, negatable: false },
    "right-shift-mark": { values: 1, negatable: false },
  },
  parse(given) {
    const shift = parseShift(given);
    if ("problem" in shift) return shift;
    const setters = given.filter((option) => Object.hasOwn(SET_MARK_OPTIONS, option.name));
    const save = givenOption(given, "save-mark") !== undefined;
    const restore = givenOption(given, "restore-mark") !== undefined;
    if (setters.length + Number(save) + Number(restore) !== 1) {
      return { problem: "expected exactly one of --set-xmark, --save-mark, --restore-mark and the like" };
    }
    const mask = parseMask(given, "mask");
    const nfMask = parseMask(given, "nfmask");
    const ctMask = parseMask(given, "ctmask");
    if (Number.isNaN(mask) || Number.isNaN(nfMask) || Number.isNaN(ctMask)) {
      return { problem: "expected a 32-bit number as mask" };
    }
    const setter = setters[0];
    if (setter !== undefined) {
      const mark = parseSetMark(setter.name, setter.values[0] ?? "");
      if (mark === null) return { problem: `expected --${setter.name} value[/mask]` };
      if (nfMask !== null || ctMask !== null)
        return { problem: "--nfmask and --ctmask need --save-mark or --restore-mark" };
      return { value: { mode: "set", mark: mask === null ? mark : { value: mark.value, mask }, shift: shift.value } };
    }
    if (mask !== null && (nfMask !== null || ctMask !== null)) {
      return { problem: "--mask cannot be used together with --nfmask or --ctmask" };
    }
    return {
      value: {
        mode: save ? "save" : "restore",
        nfMask: nfMask ?? mask ?? 0xffffffff,
        ctMask: ctMask ?? mask ?? 0xffffffff,
        shift: shift.value,
      },
    };
  },
  print(options) {
    const { shift } = options;
    const shifted = shift === null ? [] : [`--${shift.direction}-shift-mark`, String(shift.bits)];
    if (options.mode === "set") return [...printSetMark(options.mark), ...shifted];
    return [
      `--${options.mode}-mark`,
      "--nfmask",
      `0x${options.nfMask.toString(16)}`,
      "--ctmask",
      `0x${options.ctMask.toString(16)}`,
      ...shifted,
    ];
  },
  compile: (options) => (skb, runtime) => {
    const old = connectionMark(runtime, skb);
    if (old === null) return XT_CONTINUE;
    switch (options.mode) {
      case "set":
        setConnectionMark(runtime, skb, shiftMark(applySetMark(old, options.mark), options.shift));
        break;
      case "save": {
        const moved = shiftMark(skb.mark & options.nfMask, options.shift);
        setConnectionMark(runtime, skb, ((old & ~options.ctMask) ^ moved) >>> 0);
        break;
      }
      case "restore": {
        const moved = shiftMark(old & options.ctMask, options.shift);
        skb.mark = ((skb.mark & ~options.nfMask) ^ moved) >>> 0;
        break;
      }
    }
    return XT_CONTINUE;
  },
};

/** Null when the option is absent, NaN when malformed. */
function parseMask(given: readonly GivenOption[], name: string): number | null {
  const text = givenValue(given, name);
  return text === null ? null : (parseUint32(text) ?? Number.NaN);
}

function parseShift(given: readonly GivenOption[]): Parsed<Shift | null> {
  const left = givenValue(given, "left-shift-mark");
  const right = givenValue(given, "right-shift-mark");
  if (left !== null && right !== null) return { problem: "a mark is shifted either left or right" };
  const text = left ?? right;
  if (text === null) return { value: null };
  const bits = parseUint32(text);
  if (bits === null || bits > 31) return { problem: "expected 0 to 31 bits to shift the mark by" };
  // The kernel keeps no trace of a shift by nothing, and iptables-save prints none.
  return { value: bits === 0 ? null : { direction: left === null ? "right" : "left", bits } };
}

function shiftMark(mark: number, shift: Shift | null): number {
  if (shift === null) return mark >>> 0;
  return shift.direction === "left" ? (mark << shift.bits) >>> 0 : mark >>> shift.bits;
}
