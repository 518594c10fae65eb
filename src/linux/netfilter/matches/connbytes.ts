import type { Matches } from "../../../model/ruleset.ts";
import type { Connection } from "../../conntrack/connection.ts";
import type { MatchExtension } from "../extension.ts";
import { givenOption, givenValue, optionWords } from "../option-words.ts";
import { parseUint64, UINT64_MAX } from "./uint64.ts";

const DIRECTIONS = ["original", "reply", "both"] as const;
const MODES = ["packets", "bytes", "avgpkt"] as const;

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly connbytes: {
      /** Decimal digits, since the kernel counts in 64 bits. */
      readonly from: string;
      readonly to: string;
      readonly invert: boolean;
      readonly direction: (typeof DIRECTIONS)[number];
      readonly mode: (typeof MODES)[number];
    };
  }
}

function parseBounds(text: string): { readonly from: string; readonly to: string } | null {
  const parts = text.split(":");
  if (parts.length > 2) return null;
  const from = parts[0] === "" && parts.length === 2 ? "0" : parseUint64(parts[0] ?? "");
  const to = parts[1] === undefined || parts[1] === "" ? UINT64_MAX : parseUint64(parts[1]);
  return from === null || to === null ? null : { from, to };
}

function formatBounds({ from, to }: { readonly from: string; readonly to: string }): string {
  // The tool leaves out an end of 0 too, though it means something else.
  return to === UINT64_MAX || to === "0" ? from : `${from}:${to}`;
}

function counted(connection: Connection, { direction, mode }: Matches["connbytes"]): number {
  const { originalPackets: sent, replyPackets: answered } = connection;
  const original = mode === "packets" ? sent : connection.originalBytes;
  const reply = mode === "packets" ? answered : connection.replyBytes;
  const sum = direction === "both" ? original + reply : direction === "original" ? original : reply;
  if (mode !== "avgpkt") return sum;
  const count = direction === "both" ? sent + answered : direction === "original" ? sent : answered;
  return count === 0 ? 0 : Math.floor(sum / count);
}

/**
 * `-m connbytes` (net/netfilter/xt_connbytes.c): what the connection has carried, the packet in hand included. A packet
 * without a connection does not match, negated or not. Loading such a rule turns accounting on; connections older than
 * that have no counters, in the kernel and in its dump, and never match.
 */
export const connbytes: MatchExtension<"connbytes"> = {
  options: {
    connbytes: { values: 1, negatable: true },
    "connbytes-dir": { values: 1, negatable: false },
    "connbytes-mode": { values: 1, negatable: false },
  },
  parse(given) {
    const option = givenOption(given, "connbytes");
    const bounds = parseBounds(option?.values[0] ?? "");
    const direction = DIRECTIONS.find((name) => name === givenValue(given, "connbytes-dir"));
    const mode = MODES.find((name) => name === givenValue(given, "connbytes-mode"));
    if (option === undefined || bounds === null) return { problem: "expected --connbytes from[:to]" };
    if (direction === undefined) return { problem: `expected --connbytes-dir ${DIRECTIONS.join("|")}` };
    if (mode === undefined) return { problem: `expected --connbytes-mode ${MODES.join("|")}` };
    if (BigInt(bounds.from) > BigInt(bounds.to)) return { problem: `${bounds.from} should be less than ${bounds.to}` };
    // The kernel writes a negation as bounds the wrong way round: equal ones lose it.
    return { value: { ...bounds, invert: option.invert && bounds.from !== bounds.to, direction, mode } };
  },
  print: (options) => [
    ...optionWords("connbytes", options.invert, formatBounds(options)),
    "--connbytes-mode",
    options.mode,
    "--connbytes-dir",
    options.direction,
  ],
  compile(options) {
    const first = Number(options.from);
    const last = Number(options.to);
    return {
      kind: "call",
      test({ connection }) {
        if (connection === null || !connection.counted) return false;
        const count = counted(connection, options);
        return (count >= first && count <= last) !== options.invert;
      },
    };
  },
};
