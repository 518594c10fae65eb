import type { Finding } from "../../model/finding.ts";
import type { Host } from "../../model/host.ts";
import { type OriginTable, type Source, sourceOf } from "../../model/origin.ts";
import type { Chain, Rule, TableName } from "../../model/ruleset.ts";
import { BUILT_IN_CHAINS } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { printRule } from "../../readers/iptables/print.ts";
import { findingAt } from "../../readers/snapshot/finding-at.ts";
import { ownerOfRule } from "../explain/explained-rule.ts";
import { isOfCluster, ownerOfChain } from "../programmed/chain-owner.ts";

/** So many rules of a chain are told one by one. */
const TOLD = 5;

/**
 * Rules in the kernel's chains that none of the cluster's programs wrote, in chains where Calico or kube-proxy have theirs: each with
 * what it does to packets that the cluster's rules would judge.
 */
export function foreignRules(host: Host, origins: OriginTable): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { family, tables } of host.rulesets) {
    for (const table of tables.values()) {
      for (const name of BUILT_IN_CHAINS[table.name]) {
        const chain = table.chains.get(name);
        const found = chain === undefined ? null : foreignIn(host, family, table.name, chain, origins);
        if (found !== null) findings.push(found);
      }
    }
  }
  return findings;
}

interface ForeignRule {
  readonly rule: Rule;
  readonly index: number;
  readonly effect: string;
  /** It may end the way of packets before the cluster's rules have seen them. */
  readonly decidesBefore: boolean;
}

function foreignIn(host: Host, family: Family, table: TableName, chain: Chain, origins: OriginTable): Finding | null {
  const owners = chain.rules.map(ownerOfRule);
  const ofCalico = owners.indexOf("Calico");
  const ofCluster = owners.findIndex((owner) => isOfCluster(owner));
  if (ofCluster < 0) return null;
  const [place, whose] = ofCalico >= 0 ? [ofCalico, "Calico's rules"] : [ofCluster, "kube-proxy's rules"];
  const foreign: ForeignRule[] = [];
  chain.rules.forEach((rule, i) => {
    if (isOfCluster(owners[i] ?? null)) return;
    const isBefore = i < place;
    const effect = effectOf(rule, isBefore ? whose : null);
    foreign.push({ rule, index: i + 1, effect, decidesBefore: isBefore && endsWay(rule) });
  });
  const [first] = foreign;
  if (first === undefined) return null;
  const told = foreign.slice(0, TOLD).map(({ rule, index, effect }) => {
    const text = printRule({ ...rule, counters: null }, family);
    return `rule ${index}${lineOf(rule, origins)} "${text}" ${effect}`;
  });
  const rest = foreign.length - told.length;
  const decides = foreign.some(({ decidesBefore }) => decidesBefore);
  const many = foreign.length === 1 ? "a rule" : `${foreign.length} rules`;
  return findingAt(origins, first.rule.origin, {
    code: "foreign-rules",
    severity: decides ? "warning" : "info",
    message: `${host.name}: ${table} ${chain.name}${family === 6 ? " of IPv6" : ""} has ${many} that none of the cluster's programs wrote: ${told.join("; ")}${rest > 0 ? `; and ${rest} more` : ""}.`,
    related: foreign
      .slice(1, TOLD)
      .flatMap(({ rule }): Source | readonly Source[] => sourceOf(origins, rule.origin) ?? []),
    ...(decides
      ? {
          advice:
            "Felix puts its rules first (ChainInsertMode Insert) when it next looks; until then these decide before it.",
        }
      : {}),
  });
}

function lineOf(rule: Rule, origins: OriginTable): string {
  const line = sourceOf(origins, rule.origin)?.line;
  return line === undefined ? "" : ` (line ${line})`;
}

const ENDING: ReadonlySet<string> = new Set(["REJECT", "DNAT", "SNAT", "MASQUERADE", "REDIRECT", "TPROXY", "NETMAP"]);

function endsWay({ target }: Rule): boolean {
  if (target === null) return false;
  switch (target.kind) {
    case "verdict":
      return target.verdict !== "RETURN";
    case "jump":
    case "goto":
      return true;
    case "extension":
      return ENDING.has(target.call.name);
  }
}

/** @param before whose rules it stands before; null for a rule behind them */
function effectOf({ target }: Rule, before: string | null): string {
  const when = before === null ? "what the rules before it left over" : `before ${before} see it`;
  if (target === null) return "only counts";
  switch (target.kind) {
    case "verdict":
      if (target.verdict === "RETURN")
        return `goes to the policy of the chain${before === null ? "" : ` past ${before}`}`;
      return `${target.verdict === "ACCEPT" ? "accepts" : "drops"} ${when}`;
    case "jump":
    case "goto": {
      const owner = ownerOfChain(target.chain);
      const of = owner === null ? "" : ` of ${owner}`;
      return `leads to ${target.chain}${of}${before === null ? "" : ` before ${before}`}`;
    }
    case "extension":
      if (target.call.name === "REJECT") return `rejects ${when}`;
      if (target.call.name === "unmodelled")
        return `has the target ${target.call.options.extension}, of which nobody knows what it does`;
      return ENDING.has(target.call.name)
        ? `translates (${target.call.name}) ${when}`
        : `does ${target.call.name} and goes on`;
  }
}
