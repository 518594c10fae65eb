import type { AssumptionCode } from "../../model/codes/assumption-codes.ts";
import { type Host, knowledgeOf } from "../../model/host.ts";
import type { NftBaseChain } from "../../model/nft-base-chain.ts";
import type { TableName } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { type BoundTable, bindTable } from "./bind.ts";
import { needsConntrack } from "./needs-conntrack.ts";
import type { BoundChain } from "./table-image.ts";
import { HOOK_NAMES, type HookName } from "./verdict.ts";

/** One callback registered at a hook. */
export type HookStage =
  | { readonly kind: "table"; readonly table: TableName; readonly chain: BoundChain }
  | { readonly kind: "conntrack" }
  /** All nat chains of the hook, legacy and nft, run inside one nf_nat callback. */
  | { readonly kind: "nat"; readonly chains: readonly BoundChain[] }
  /** A base chain of a native nft table, whose rules are not modelled. */
  | { readonly kind: "nft"; readonly chain: NftBaseChain }
  /** Rules that were not dumped. */
  | { readonly kind: "unknown"; readonly doubt: Doubt };

/** Rules that may be there, and the command that would tell. */
export interface Doubt {
  /** `the rules of n1`. */
  readonly what: string;
  readonly command: string;
}

/** The stages of each hook of one family, in the order of their priorities. */
export interface FamilyHooks {
  readonly stages: readonly (readonly HookStage[])[];
  readonly conntrack: boolean;
  /** What the answer of every hook rests on. */
  readonly assumed: readonly HookAssumption[];
}

/**
 * enum nf_ip_hook_priorities (include/uapi/linux/netfilter_ipv4.h). iptables-nft 1.8.9 puts its security table at 150
 * instead of 50 (measured: test/kernel/iptables-save.test.ts).
 */
function priority(table: TableName, hook: HookName, backend: "legacy" | "nft"): number {
  switch (table) {
    case "raw":
      return -300;
    case "mangle":
      return -150;
    case "nat":
      return hook === "PREROUTING" || hook === "OUTPUT" ? -100 : 100;
    case "filter":
      return 0;
    case "security":
      return backend === "nft" ? 150 : 50;
  }
}

const CONNTRACK_PRIORITY = -200;

export function compileHooks(host: Host, family: Family): FamilyHooks {
  const rulesets = host.rulesets.filter((ruleset) => ruleset.family === family);
  const conntrack = rulesets.some(needsConntrack);
  // Of two tables with one priority, the one that was registered later runs first (nf_hook_entries_grow, measured).
  const tables: BoundTable[] = rulesets
    .toReversed()
    .flatMap((ruleset) => [...ruleset.tables.values()].map((table) => bindTable(table, family, ruleset.backend)));
  const doubts = doubtsAbout(host, family);
  return {
    conntrack,
    assumed: assumptionsAbout(host, family),
    stages: HOOK_NAMES.map((hook) => {
      const placed = [...stagesOf(tables, hook, conntrack), ...nftStages(host, family, hook)];
      if (hook === "INPUT" || hook === "FORWARD" || hook === "OUTPUT") {
        for (const doubt of doubts) placed.push({ priority: 0, stage: { kind: "unknown", doubt } });
      }
      return placed.sort((x, y) => x.priority - y.priority).map(({ stage }) => stage);
    }),
  };
}

interface HookAssumption {
  readonly code: AssumptionCode;
  readonly detail: string;
}

function doubtsAbout(host: Host, family: Family): readonly Doubt[] {
  const command = family === 4 ? "iptables-save -c" : "ip6tables-save -c";
  const doubts: Doubt[] = [];
  if (knowledgeOf(host, family === 4 ? "rules" : "rules6") === "unknown") {
    doubts.push({ what: `the rules of ${host.name}`, command });
  }
  if (knowledgeOf(host, "otherBackend") === "unknown") {
    doubts.push({ what: `the legacy rules of ${host.name}`, command: command.replace("tables", "tables-legacy") });
  }
  return doubts;
}

function assumptionsAbout(host: Host, family: Family): FamilyHooks["assumed"] {
  const part = family === 4 ? "rules" : "rules6";
  const assumed: HookAssumption[] = [];
  if (knowledgeOf(host, part) === "assumed") {
    assumed.push({
      code: "only-dumped-rules",
      detail: `${host.name} has no other IPv${family} rules than those dumped`,
    });
  }
  if (knowledgeOf(host, "otherBackend") === "assumed") {
    assumed.push({ code: "no-other-backend", detail: `${host.name} has no rules in the other iptables backend` });
  }
  if (knowledgeOf(host, "nft") === "assumed") {
    assumed.push({ code: "no-nft-tables", detail: `${host.name} has no native nft tables` });
  }
  return assumed;
}

interface PlacedStage {
  readonly priority: number;
  readonly stage: HookStage;
}

/** Native base chains that can change a packet's fate; an empty one with policy accept cannot. */
function nftStages(host: Host, family: Family, hook: HookName): readonly PlacedStage[] {
  return host.nftBaseChains
    .filter(
      (chain) => chain.family === "inet" || chain.family === (family === 4 ? "ip" : "ip6") || chain.family === "netdev",
    )
    .filter((chain) => (chain.hook === "ingress" ? "PREROUTING" : chain.hook.toUpperCase()) === hook)
    .filter((chain) => chain.ruleCount > 0 || chain.policy === "drop")
    .map((chain) => ({
      priority: chain.hook === "ingress" ? -1000 : chain.priority,
      stage: { kind: "nft", chain },
    }));
}

function stagesOf(tables: readonly BoundTable[], hook: HookName, conntrack: boolean): PlacedStage[] {
  const placed: PlacedStage[] = [];
  const nat: BoundChain[] = [];
  for (const table of tables) {
    const chain = table.hooks[hook];
    if (chain === undefined) continue;
    if (table.name === "nat") nat.push(chain);
    else
      placed.push({
        priority: priority(table.name, hook, table.backend),
        stage: { kind: "table", table: table.name, chain },
      });
  }
  if (conntrack) {
    if (hook === "PREROUTING" || hook === "OUTPUT") {
      placed.push({ priority: CONNTRACK_PRIORITY, stage: { kind: "conntrack" } });
    }
    const natLoaded = tables.some((table) => table.name === "nat");
    if (natLoaded && hook !== "FORWARD")
      placed.push({ priority: priority("nat", hook, "legacy"), stage: { kind: "nat", chains: nat } });
  }
  return placed;
}
