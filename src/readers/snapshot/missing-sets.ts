import { setDimensions } from "../../linux/netfilter/set-index.ts";
import type { FindingCode } from "../../model/codes/finding-codes.ts";
import type { Finding } from "../../model/finding.ts";
import { type Host, knowledgeOf } from "../../model/host.ts";
import { misspelt } from "../../model/nearest.ts";
import type { OriginTable } from "../../model/origin.ts";
import type { Rule } from "../../model/ruleset.ts";
import { findingAt } from "./finding-at.ts";

/**
 * Rules that name sets which the ipset dump of their machine does not hold, or which are of the other family: iptables would not
 * have taken them, so one dump is older than the other. One finding for each set and machine.
 */
export function missingSets(hosts: ReadonlyMap<string, Host>, origins: OriginTable): readonly Finding[] {
  const findings: Finding[] = [];
  for (const host of hosts.values()) {
    if (knowledgeOf(host, "sets") !== "known") continue;
    const told = new Set<string>();
    for (const { family, tables } of host.rulesets) {
      for (const { name: table, chains } of tables.values()) {
        for (const { name: chain, rules } of chains.values()) {
          for (const rule of rules) {
            for (const { name, sides } of namedSets(rule)) {
              const problem = problemOf(host, name, sides, family);
              const key = `${name} ${problem?.code ?? ""}`;
              if (problem === null || told.has(key)) continue;
              told.add(key);
              const message = `Chain ${chain} (table ${table}) of ${host.name} names the set ${name}: ${problem.text}.`;
              findings.push(
                findingAt(origins, rule.origin, {
                  code: problem.code,
                  severity: "warning",
                  message,
                  advice: problem.advice,
                }),
              );
            }
          }
        }
      }
    }
  }
  return findings;
}

interface NamedSet {
  readonly name: string;
  readonly sides: number;
}

function namedSets({ matches, target }: Rule): readonly NamedSet[] {
  const named: NamedSet[] = [];
  for (const match of matches) {
    if (match.name === "set") named.push({ name: match.options.name, sides: match.options.sides.length });
  }
  if (target?.kind !== "extension" || target.call.name !== "SET") return named;
  const { add, del, map } = target.call.options;
  for (const change of [add, del, map])
    if (change !== null) named.push({ name: change.set, sides: change.flags.length });
  return named;
}

/** Among more sets nobody looks for a name that is like another one. */
const MANY_SETS = 1000;

function problemOf(
  host: Host,
  name: string,
  sides: number,
  family: 4 | 6,
): { readonly code: FindingCode; readonly text: string; readonly advice: string } | null {
  const set = host.ipSets.get(name);
  if (set === undefined) {
    const like = host.ipSets.size > MANY_SETS ? null : misspelt(name, host.ipSets.keys());
    const advice =
      "Collect `ipset save` and `iptables-save -c` together; whether a packet is in the set is unknown until then.";
    return {
      code: "missing-set",
      text: `iptables says "Set ${name} doesn't exist."`,
      advice: like === null ? advice : `Did you mean ${like}? ${advice}`,
    };
  }
  if (set.family !== null && set.family !== family) {
    const text = `iptables says "The protocol family of set ${name} is IPv${set.family}, which is not applicable."`;
    return { code: "set-family", text, advice: "No packet is in it." };
  }
  const dimensions = setDimensions(set.type)?.length ?? 0;
  if (sides >= dimensions) return null;
  const text = `it has ${dimensions} dimensions, and the rule tells ${sides} of them`;
  return { code: "set-dimensions", text, advice: `No packet is in it: write ${dimensions} times src or dst.` };
}
