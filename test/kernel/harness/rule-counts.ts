import type { BoundChain } from "../../../src/linux/netfilter/table-image.ts";
import type { RuleCounters } from "../../../src/linux/runtime.ts";
import type { Skb } from "../../../src/linux/skb.ts";
import { packetLength } from "../../../src/net/packet.ts";

interface Count {
  readonly packets: number;
  readonly bytes: number;
}

/** Packets and bytes by `table chain index`, the index from 1 and 0 for the policy; what saw none is not in it. */
export type Counts = ReadonlyMap<string, Count>;

/** What one host's rules and policies have seen, as `iptables-save -c` counts it. */
export interface RuleCounts extends RuleCounters {
  readonly counts: Counts;
}

/** Counts what `wanted` says yes to. */
export function ruleCounts(wanted: (chain: BoundChain) => boolean = () => true): RuleCounts {
  const counts = new Map<string, Count>();
  const add = (chain: BoundChain, index: number, { packet }: Skb): void => {
    if (!wanted(chain)) return;
    const key = `${chain.table} ${chain.program.chain.name} ${index}`;
    const known = counts.get(key) ?? { packets: 0, bytes: 0 };
    counts.set(key, { packets: known.packets + 1, bytes: known.bytes + packetLength(packet) });
  };
  return {
    count: (chain, rule, skb) => add(chain, rule + 1, skb),
    countPolicy: (chain, skb) => add(chain, 0, skb),
    counts,
  };
}

/** Lines of `key packets:bytes` in a fixed order, of the given tables and without what was counted `before`. */
export function countLines(counts: Counts, tables: readonly string[], before: Counts = new Map()): readonly string[] {
  const lines: string[] = [];
  for (const [key, { packets, bytes }] of counts) {
    const known = before.get(key) ?? { packets: 0, bytes: 0 };
    if (packets === known.packets || !tables.some((table) => key.startsWith(`${table} `))) continue;
    lines.push(`${key} ${packets - known.packets}:${bytes - known.bytes}`);
  }
  return lines.sort();
}

/** The same of what `iptables-save -c` printed. */
export function savedCounts(dump: string): Counts {
  const found = new Map<string, Count>();
  const rules = new Map<string, number>();
  let table = "";
  const add = (chain: string, index: number, counters: string): void => {
    const [packets = 0, bytes = 0] = counters.split(":").map(Number);
    if (packets > 0) found.set(`${table} ${chain} ${index}`, { packets, bytes });
  };
  for (const line of dump.split("\n")) {
    if (line.startsWith("*")) {
      table = line.slice(1);
      rules.clear();
    }
    const [, name = "", policy = "", policyCounters = ""] = /^:(\S+) (\S+) \[(\d+:\d+)\]/.exec(line) ?? [];
    if (name !== "" && policy !== "-") add(name, 0, policyCounters);
    const [, counters = "", chain = ""] = /^\[(\d+:\d+)\] -A (\S+)/.exec(line) ?? [];
    if (chain === "") continue;
    const index = (rules.get(chain) ?? 0) + 1;
    rules.set(chain, index);
    add(chain, index, counters);
  }
  return found;
}
