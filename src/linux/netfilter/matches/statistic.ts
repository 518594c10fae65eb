import type { Matches } from "../../../model/ruleset.ts";
import type { HostRuntime } from "../../runtime.ts";
import { drawNumber } from "../draws.ts";
import type { MatchExtension, Parsed } from "../extension.ts";
import { type MatchStates, matchState } from "../match-state.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, givenValue, optionWords } from "../option-words.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly statistic:
      | {
          readonly mode: "random";
          /** In units of 2^-31, as the kernel holds it. */
          readonly probability: number;
          readonly invert: boolean;
        }
      | { readonly mode: "nth"; readonly every: number; readonly packet: number; readonly invert: boolean };
  }
}
declare module "../match-state.ts" {
  interface MatchStates {
    /** `count`: packets since the last match; null: nobody told, but that none of the last `misses` was one. */
    statistic: { count: number | null; misses: number };
  }
}

const ONE = 2 ** 31;
const MAX_PERIOD = 0xffffffff;

function parseRandom(text: string | null, invert: boolean): Parsed<Matches["statistic"]> {
  const probability = text !== null && /^\d*\.?\d+(e[-+]?\d+)?$|^\d+\.$/i.test(text) ? Number(text) : Number.NaN;
  if (!(probability >= 0 && probability <= 1)) return { problem: "expected --probability between 0 and 1" };
  return { value: { mode: "random", probability: Math.round(ONE * probability), invert } };
}

/** `%.11f` of the fraction, rounded half to even from its exact value, as printf does. */
function formatProbability(units: number): string {
  const scaled = BigInt(units) * 10n ** 11n;
  const one = BigInt(ONE);
  const rest = scaled % one;
  let digits = scaled / one;
  if (rest * 2n > one || (rest * 2n === one && digits % 2n === 1n)) digits += 1n;
  const text = digits.toString().padStart(12, "0");
  return `${text.slice(0, -11)}.${text.slice(-11)}`;
}

/** How often a rule was asked before: no dump tells. */
function startOf({ host }: HostRuntime, start: number): MatchStates["statistic"] {
  return host.knowledge.get("matchStates") === "assumed" ? { count: null, misses: 0 } : { count: start, misses: 0 };
}

/** Whether it is the turn of the nth packet: each of those that did not come yet is as likely. Then the count is known. */
function isTurn(runtime: HostRuntime, state: MatchStates["statistic"], every: number): boolean {
  const probability = 1 / (every - state.misses);
  const taken =
    probability === 1
      ? 0
      : runtime.services.choose({
          kind: "random",
          variable: `${runtime.host.name} statistic count`,
          question: `is it the turn of one in ${every} packets on ${runtime.host.name}?`,
          alternatives: [
            { label: "its turn", probability },
            { label: "not yet", probability: 1 - probability },
          ],
        });
  if (taken === 0) state.count = 0;
  else state.misses++;
  return taken === 0;
}

/**
 * `-m statistic` (net/netfilter/xt_statistic.c). `random`: each evaluation is a draw of its own, with the probability
 * in 31 bits as the kernel rounds it. `nth`: every nth evaluation by this rule matches, the first one after `packet`
 * others; the count starts anew with a ruleset load.
 */
export const statistic: MatchExtension<"statistic"> = {
  options: {
    mode: { values: 1, negatable: false },
    probability: { values: 1, negatable: true },
    every: { values: 1, negatable: true },
    packet: { values: 1, negatable: false },
  },
  parse(given) {
    const mode = givenValue(given, "mode");
    if (mode === "random") {
      return parseRandom(givenValue(given, "probability"), givenOption(given, "probability")?.invert ?? false);
    }
    if (mode !== "nth") return { problem: "expected --mode random or --mode nth" };
    const every = parseNumber(givenValue(given, "every") ?? "", MAX_PERIOD);
    const packet = parseNumber(givenValue(given, "packet") ?? "", MAX_PERIOD);
    if (every === null || every === 0 || packet === null || packet >= every) {
      return { problem: "expected --every n --packet p, with p from 0 to n-1" };
    }
    return { value: { mode: "nth", every, packet, invert: givenOption(given, "every")?.invert ?? false } };
  },
  print: (options) =>
    options.mode === "random"
      ? ["--mode", "random", ...optionWords("probability", options.invert, formatProbability(options.probability))]
      : [
          "--mode",
          "nth",
          ...optionWords("every", options.invert, String(options.every)),
          "--packet",
          String(options.packet),
        ],
  compile(options) {
    const { invert } = options;
    if (options.mode === "nth") {
      const last = options.every - 1;
      const start = last - options.packet;
      return {
        kind: "call",
        test(_skb, runtime) {
          const state = matchState(runtime, "statistic", options, () => startOf(runtime, start));
          if (state.count === null) return isTurn(runtime, state, options.every) !== invert;
          state.count = state.count === last ? 0 : state.count + 1;
          return (state.count === 0) !== invert;
        },
      };
    }
    if (options.probability === 0) return { kind: invert ? "always" : "never" };
    if (options.probability === ONE) return { kind: invert ? "never" : "always" };
    const { probability } = options;
    return { kind: "random", draw: drawNumber(probability / ONE, formatProbability(probability)), invert };
  },
};
