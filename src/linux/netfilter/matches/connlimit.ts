import type { Matches } from "../../../model/ruleset.ts";
import type { Address, Family } from "../../../net/address.ts";
import { parseAddress } from "../../../net/address.ts";
import { addressBits, maskAddress, maskLength, netmask } from "../../../net/prefix.ts";
import { type Connection, IPS_CONFIRMED, IPS_DYING, type Tuple } from "../../conntrack/connection.ts";
import { connectionIn, findSlot } from "../../conntrack/table.ts";
import { sameTuple, tupleOf } from "../../conntrack/tuple.ts";
import type { HostRuntime } from "../../runtime.ts";
import type { MatchExtension } from "../extension.ts";
import { matchState } from "../match-state.ts";
import { parseNumber } from "../option-values.ts";
import { givenOption, givenValue } from "../option-words.ts";
import { unknownOutcome } from "../unknown-outcome.ts";

declare module "../../../model/ruleset.ts" {
  interface Matches {
    readonly connlimit: {
      readonly limit: number;
      readonly mode: "above" | "upto";
      /** Prefix length by which addresses are grouped. */
      readonly maskLength: number;
      readonly side: "source" | "destination";
    };
  }
}
declare module "../match-state.ts" {
  interface MatchStates {
    /** What this rule has seen and still counts, by group of addresses. */
    connlimit: Map<string, CountedGroup>;
  }
}

/** struct nf_conncount_tuple: the tuple of a packet that had no connection stays in the list until it is looked at. */
interface Counted {
  readonly tuple: Tuple;
  readonly connection: Connection | null;
}

/** struct nf_conncount_list */
interface CountedGroup {
  readonly counted: readonly Counted[];
  /** Virtual seconds at which it was last looked through to its end (`last_gc`). */
  readonly lookedThrough: number;
  /** Packets that have come to it. */
  readonly packets: number;
}

/** CONNCOUNT_GC_MAX_COLLECT: more than so many that are gone are not cleared away at once. Kernels before 6.18.3 clear 8 (by reading). */
const MAX_CLEARED = 64;

/**
 * Two ticks, and what is left of one, of the slowest clock that kernels are built with (CONFIG_HZ 100): for so long also what another
 * processor has just counted is not cleared away.
 */
const TICKS = 0.03;

function parseMask(text: string | null, family: Family): number | null {
  if (text === null) return addressBits(family);
  const mask = parseAddress(text);
  if (mask !== null) return mask.family === family ? maskLength(mask) : null;
  return parseNumber(text, addressBits(family));
}

function groupKey(address: Address, zone: number): string {
  return `${address.a}:${address.b}:${address.c}:${address.d} ${zone}`;
}

/**
 * find_or_evict(): the live connection that has the tuple in either direction, which for a packet of none may be that of others; null where it
 * is gone, or was never there.
 */
function connectionOf({ conntrack }: HostRuntime, { connection, tuple }: Counted, now: number): Connection | null {
  if (connection !== null && isFiled(connection, now)) return connection;
  const slot = findSlot(conntrack, tuple, now);
  return slot < 0 ? null : connectionIn(conntrack, slot);
}

function isFiled({ status, expires }: Connection, now: number): boolean {
  return (status & IPS_CONFIRMED) !== 0 && (status & IPS_DYING) === 0 && expires > now;
}

/** already_closed() */
function isClosed({ tcpState }: Connection): boolean {
  return tcpState === "TIME_WAIT" || tcpState === "CLOSE";
}

/**
 * __nf_conncount_add(): clears away what is gone, up to the packet's own tuple. Behind that nobody looks, so that a connection
 * that was dropped for being one too many goes on counting against those before it.
 */
function countAnew(
  runtime: HostRuntime,
  seen: readonly Counted[],
  own: Counted,
  now: number,
): { counted: Counted[]; isNew: boolean } {
  const kept: Counted[] = [];
  let at = 0;
  for (let cleared = 0; at < seen.length && cleared <= MAX_CLEARED; at++) {
    const item = seen[at];
    if (item === undefined) break;
    const connection = connectionOf(runtime, item, now);
    if (connection === null) cleared++;
    else if (sameTuple(item.tuple, own.tuple)) return { counted: [...kept, ...seen.slice(at)], isNew: false };
    else if (isClosed(connection)) cleared++;
    else kept.push(item);
  }
  return { counted: [...kept, ...seen.slice(at), own], isNew: true };
}

/**
 * Within one tick of the clock nobody looks twice: what has no confirmed connection then counts beside what is gone, and beside itself.
 * How much of a tick lies between two packets of one moment is in no dump.
 */
function isWithinTick(runtime: HostRuntime, rule: string, group: CountedGroup): boolean {
  return unknownOutcome(runtime, {
    code: "match-hidden-state",
    item: rule,
    fields: `packet ${group.packets}`,
    question: `does it come to "-m ${rule}" in the same tick of the clock as another one, so that what is gone still counts?`,
    no: "it comes later, and what is gone is cleared away",
    yes: "it comes in the same tick",
  });
}

function count(runtime: HostRuntime, rule: string, group: CountedGroup | undefined, own: Counted): CountedGroup {
  const now = runtime.services.now();
  // insert_tree()
  if (group === undefined) return { counted: [own], lookedThrough: now, packets: 1 };
  const { counted, lookedThrough } = group;
  const packets = group.packets + 1;
  const looked = countAnew(runtime, counted, own, now);
  const isConfirmed = own.connection !== null && (own.connection.status & IPS_CONFIRMED) !== 0;
  const matters = looked.counted.length <= counted.length;
  if (!isConfirmed && matters && now - lookedThrough < TICKS && isWithinTick(runtime, rule, group))
    return { counted: [...counted, own], lookedThrough, packets };
  return { counted: looked.counted, lookedThrough: looked.isNew ? now : lookedThrough, packets };
}

function print({ limit, mode, maskLength: bits, side }: Matches["connlimit"]): readonly string[] {
  return [
    `--connlimit-${mode}`,
    String(limit),
    "--connlimit-mask",
    String(bits),
    side === "source" ? "--connlimit-saddr" : "--connlimit-daddr",
  ];
}

/**
 * `-m connlimit` (net/netfilter/xt_connlimit.c, nf_conncount.c): counts the connections that this rule has seen,
 * its own included, among those whose packets had the same address under the mask. The count starts with the ruleset:
 * connections that were there before count from their next packet on, as in the kernel.
 */
export const connlimit: MatchExtension<"connlimit"> = {
  options: {
    "connlimit-above": { values: 1, negatable: true },
    "connlimit-upto": { values: 1, negatable: true },
    "connlimit-mask": { values: 1, negatable: false },
    "connlimit-saddr": { values: 0, negatable: false },
    "connlimit-daddr": { values: 0, negatable: false },
  },
  parse(given, context) {
    const above = givenOption(given, "connlimit-above");
    const upto = givenOption(given, "connlimit-upto");
    const option = above ?? upto;
    const limit = parseNumber(option?.values[0] ?? "", 0xffffffff);
    if (option === undefined || limit === null || (above !== undefined && upto !== undefined)) {
      return { problem: "you must specify one of --connlimit-above, --connlimit-upto" };
    }
    const bits = parseMask(givenValue(given, "connlimit-mask"), context.family);
    if (bits === null) return { problem: "bad value of --connlimit-mask" };
    const side = givenOption(given, "connlimit-daddr") === undefined ? "source" : "destination";
    const mode = (above === undefined) === option.invert ? "above" : "upto";
    return { value: { limit, mode, maskLength: bits, side } };
  },
  print,
  compile(options, _rule, family) {
    const mask = netmask(family, options.maskLength);
    const rule = ["connlimit", ...print(options)].join(" ");
    return {
      kind: "call",
      test({ packet, connection }, runtime) {
        const groups = matchState(runtime, "connlimit", options, () => new Map());
        const address = maskAddress(options.side === "source" ? packet.src : packet.dst, mask);
        const key = groupKey(address, connection?.original.zone ?? 0);
        // A packet without a connection is counted by its own addresses, unless they are a connection's that counts already.
        const own = { tuple: connection?.original ?? tupleOf(packet, 0), connection };
        const group = count(runtime, rule, groups.get(key), own);
        groups.set(key, group);
        return group.counted.length > options.limit === (options.mode === "above");
      },
    };
  },
};
