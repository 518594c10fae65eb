import type { BoundChain } from "../../../src/linux/netfilter/table-image.ts";
import type { RuleCounters } from "../../../src/linux/runtime.ts";
import type { Oracle } from "../harness/oracle-client.ts";
import { type Counts, countLines, type RuleCounts, ruleCounts, savedCounts } from "../harness/rule-counts.ts";
import type { HostRuleset } from "./case.ts";

/** Counters of the rules and policies of some rulesets on both sides. */
export interface CounterWatch {
  /** What podpath counts in. */
  countersOf(host: string): RuleCounters;
  /** The rules were loaded anew: nothing is counted on either side. */
  loaded(): void;
  /** From here on one side may have counted what the other did not, as where packets have several possible ends. */
  spoil(): void;
  /** Takes what the kernel has counted for given, if it was spoilt. */
  settle(): Promise<void>;
  /** What differs from what `iptables-save -c` would print, in words; null where it was spoilt. */
  compare(): Promise<readonly string[] | null>;
}

interface Watched {
  readonly ruleset: HostRuleset;
  readonly tables: readonly string[];
  ours: RuleCounts;
  /** The kernel's at the time when ours were nothing. */
  before: Counts;
}

const UNHEARD: RuleCounters = { count: () => undefined, countPolicy: () => undefined };

export function counterWatch(oracle: Oracle, rulesets: readonly HostRuleset[]): CounterWatch {
  let spoilt = false;
  const none: Counts = new Map();
  const ofRuleset =
    ({ family, backend }: HostRuleset) =>
    (chain: BoundChain): boolean =>
      chain.program.family === family && chain.backend === backend;
  const watched = rulesets.map((ruleset): Watched => {
    const tables = ruleset.tables.map(({ name }) => name);
    return { ruleset, tables, ours: ruleCounts(ofRuleset(ruleset)), before: none };
  });
  const saved = async ({ host, family, backend }: HostRuleset): Promise<Counts> => {
    if (backend === "legacy") {
      const counted = await oracle.counters(host, family);
      return new Map(counted.map(([key, packets, bytes]) => [key, { packets, bytes }]));
    }
    const tool = `${family === 6 ? "ip6tables" : "iptables"}-${backend}-save`;
    return savedCounts((await oracle.exec(host, [tool, "-c"])).stdout);
  };
  const restart = (one: Watched, before: Counts): void => {
    one.ours = ruleCounts(ofRuleset(one.ruleset));
    one.before = before;
  };
  return {
    countersOf(host) {
      const there = watched.filter(({ ruleset }) => ruleset.host === host);
      if (there.length === 0) return UNHEARD;
      return {
        count: (chain, rule, skb) => {
          for (const { ours } of there) ours.count(chain, rule, skb);
        },
        countPolicy: (chain, skb) => {
          for (const { ours } of there) ours.countPolicy(chain, skb);
        },
      };
    },
    loaded() {
      for (const one of watched) restart(one, none);
      spoilt = false;
    },
    spoil() {
      spoilt = true;
    },
    async settle() {
      if (!spoilt) return;
      // Giving up on a neighbour makes the kernel send an error, which must not be counted later.
      await oracle.flush();
      for (const one of watched) restart(one, await saved(one.ruleset));
      spoilt = false;
    },
    async compare() {
      if (spoilt) return null;
      const found: string[] = [];
      for (const { ruleset, tables, ours, before } of watched) {
        const kernel = countLines(await saved(ruleset), tables, before);
        const podpath = countLines(ours.counts, tables);
        const only = (x: readonly string[], y: readonly string[]): readonly string[] =>
          x.filter((line) => !y.includes(line));
        if (kernel.join() === podpath.join()) continue;
        const [real, said] = [only(kernel, podpath), only(podpath, kernel)];
        found.push(`counters of ${ruleset.host}: kernel ${JSON.stringify(real)}, podpath ${JSON.stringify(said)}`);
      }
      return found;
    },
  };
}
