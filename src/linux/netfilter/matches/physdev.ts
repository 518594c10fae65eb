import type { Interface } from "../../../model/interface.ts";
import type { MatchExtension } from "../extension.ts";
import { givenOption, optionWords } from "../option-words.ts";

interface DeviceTest {
  readonly pattern: string;
  readonly invert: boolean;
}
interface FlagTest {
  readonly invert: boolean;
}

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly physdev: {
      readonly isIn: FlagTest | null;
      readonly in: DeviceTest | null;
      readonly isOut: FlagTest | null;
      readonly out: DeviceTest | null;
      readonly isBridged: FlagTest | null;
    };
  }
}

/** A device name, perhaps with a `+` at its end: up to 15 characters without blanks, slashes or `!`. */
const DEVICE = /^[^\s/!]{1,15}$/;

/** The test of a name: the whole of it, or its beginning before a `+`. */
function nameTest({ pattern, invert }: DeviceTest): (port: Interface) => boolean {
  const prefix = pattern.endsWith("+") ? pattern.slice(0, -1) : null;
  if (prefix !== null) return ({ name }) => name.startsWith(prefix) !== invert;
  return ({ name }) => (name === pattern) !== invert;
}

/**
 * `-m physdev` (net/netfilter/xt_physdev.c). Only frames that br_netfilter hands from a bridge port to the IP hooks
 * carry the names of ports. For all other packets the kernel holds every negated option for true and every plain one for
 * false.
 */
export const physdev: MatchExtension<"physdev"> = {
  options: {
    "physdev-in": { values: 1, negatable: true },
    "physdev-out": { values: 1, negatable: true },
    "physdev-is-in": { values: 0, negatable: true },
    "physdev-is-out": { values: 0, negatable: true },
    "physdev-is-bridged": { values: 0, negatable: true },
  },
  parse(given) {
    const device = (name: string): DeviceTest | null => {
      const option = givenOption(given, name);
      return option === undefined ? null : { pattern: option.values[0] ?? "", invert: option.invert };
    };
    const flag = (name: string): FlagTest | null => {
      const option = givenOption(given, name);
      return option === undefined ? null : { invert: option.invert };
    };
    const named = given.filter(({ name }) => name === "physdev-in" || name === "physdev-out");
    if (named.some(({ values }) => !DEVICE.test(values[0] ?? ""))) return { problem: "bad device name" };
    if (given.length === 0) return { problem: "no physdev option specified" };
    return {
      value: {
        isIn: flag("physdev-is-in"),
        in: device("physdev-in"),
        isOut: flag("physdev-is-out"),
        out: device("physdev-out"),
        isBridged: flag("physdev-is-bridged"),
      },
    };
  },
  print: ({ isIn, in: input, isOut, out, isBridged }) => [
    ...(isIn === null ? [] : optionWords("physdev-is-in", isIn.invert)),
    ...(input === null ? [] : optionWords("physdev-in", input.invert, input.pattern)),
    ...(isOut === null ? [] : optionWords("physdev-is-out", isOut.invert)),
    ...(out === null ? [] : optionWords("physdev-out", out.invert, out.pattern)),
    ...(isBridged === null ? [] : optionWords("physdev-is-bridged", isBridged.invert)),
  ],
  compile({ isIn, in: input, isOut, out, isBridged }) {
    const unbridged = ![isIn, input, isOut, out, isBridged].some((test) => test !== null && !test.invert);
    const fitsInput = input === null ? null : nameTest(input);
    const fitsOutput = out === null ? null : nameTest(out);
    return {
      kind: "call",
      test({ bridged }) {
        if (bridged === null) return unbridged;
        const { physicalInput, physicalOutput } = bridged;
        // A frame that came in by a port always has that port; which it leaves by is known once the bridge forwards it.
        if (isIn?.invert === true) return false;
        if (isBridged !== null && (physicalOutput === null) !== isBridged.invert) return false;
        if (isOut !== null && (physicalOutput === null) !== isOut.invert) return false;
        if (fitsInput !== null && !fitsInput(physicalInput)) return false;
        return fitsOutput === null || (physicalOutput !== null && fitsOutput(physicalOutput));
      },
    };
  },
};
