import type { BoundChain } from "../../../src/linux/netfilter/table-image.ts";
import type { RuleCounters } from "../../../src/linux/runtime.ts";
import type { Skb } from "../../../src/linux/skb.ts";
import { packetLength } from "../../../src/net/packet.ts";

/** Packets and bytes that one host's rules and policies have seen, as `iptables-save -c` counts them. */
export interface RuleCounts extends RuleCounters {
  /** `table chain index`, the index from 1 and 0 for the policy, with `packets:bytes`; what saw none is not listed. */
  list(): readonly string[];
}

export function ruleCounts(): RuleCounts {
  const counts = new Map<string, { packets: number; bytes: number }>();
  const add = ({ table, program }: BoundChain, index: number, { packet }: Skb): void => {
    const key = `${table} ${program.chain.name} ${index}`;
    const known = counts.get(key) ?? { packets: 0, bytes: 0 };
    counts.set(key, { packets: known.packets + 1, bytes: known.bytes + packetLength(packet) });
  };
  return {
    count: (chain, rule, skb) => add(chain, rule + 1, skb),
    countPolicy: (chain, skb) => add(chain, 0, skb),
    list: () => [...counts].map(([key, { packets, bytes }]) => `${key} ${packets}:${bytes}`).sort(),
  };
}

/** The same of what `iptables-save -c` printed. */
export function savedCounts(dump: string): readonly string[] {
  const found: string[] = [];
  const rules = new Map<string, number>();
  let table = "";
  const add = (chain: string, index: number, counters: string): void => {
    if (counters !== "0:0") found.push(`${table} ${chain} ${index} ${counters}`);
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
  return found.sort();
}
