import type { AssumptionCode } from "../../model/codes/assumption-codes.ts";
import { type Host, knowledgeOf } from "../../model/host.ts";
import type { NftBaseChain } from "../../model/nft-base-chain.ts";
import { BUILT_IN_CHAINS, type ChainTable, type TableName } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { type BoundTable, bindNftChain, bindTable } from "./bind.ts";
import { type ConntrackNeed, conntrackNeed, strongestNeed, tableConntrackNeed } from "./needs-conntrack.ts";
import { needsDefragmentation, tableNeedsDefragmentation } from "./needs-defragmentation.ts";
import type { BoundChain } from "./table-image.ts";
import { HOOK_NAMES, type HookName, NF_ACCEPT } from "./verdict.ts";

/** One callback registered at a hook. */
export type HookStage =
  | { readonly kind: "table"; readonly table: TableName; readonly chain: BoundChain }
  | { readonly kind: "conntrack" }
  /** All nat chains of the hook, legacy and nft, run inside one nf_nat callback. */
  | { readonly kind: "nat"; readonly chains: readonly BoundChain[] }
  /** A base chain of a native nft table; one of type `route` has a changed packet routed again, as mangle OUTPUT does. */
  | { readonly kind: "chain"; readonly chain: BoundChain; readonly reroutes: boolean }
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
  /** The same without empty chains whose policy accepts: most chains of most hosts, of which nobody hears but who counts or watches. */
  readonly busy: readonly (readonly HookStage[])[];
  /** Whether connection tracking runs: `tracks-connections.ts`. */
  readonly conntrack: ConntrackNeed;
  /** Fragments are put together before any rule sees them, whether or not it runs. */
  readonly defragments: boolean;
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
  const native = nftTables(host, family);
  const needs = [strongestNeed(rulesets, conntrackNeed), strongestNeed(native, tableConntrackNeed)];
  const conntrack = strongestNeed(needs, (need) => need);
  // Of two tables with one priority, the one that was registered later runs first (nf_hook_entries_grow, measured).
  const tables: BoundTable[] = rulesets
    .toReversed()
    .flatMap((ruleset) => [...ruleset.tables.values()].map((table) => bindTable(table, family, ruleset.backend)));
  // one table or chain of that type registers the callback at all of its hooks (nf_nat_register_fn)
  const natLoaded = tables.some(({ name }) => name === "nat") || nftChainsOf(host, family).some(isNat);
  // what it does to packets that no rule of nat is for is too little to ask about
  const tracks = conntrack === "yes" || (conntrack === "perhaps" && hasNatRules(host, family));
  const doubts = doubtsAbout(host, family);
  const stages = HOOK_NAMES.map((hook) => {
    // so it is with chains of nft's own, which a dump lists in the order of their making; they stood before iptables' tables came
    const own = nftChains(host, family, hook).toReversed();
    const placed = [
      ...stagesOf(tables, own.filter(isNat), hook, tracks, natLoaded, family),
      ...nftStages(own, family, hook),
    ];
    if (hook === "INPUT" || hook === "FORWARD" || hook === "OUTPUT") {
      for (const doubt of doubts) placed.push({ priority: 0, stage: { kind: "unknown", doubt } });
    }
    return placed.sort((x, y) => x.priority - y.priority).map(({ stage }) => stage);
  });
  return {
    conntrack,
    defragments: rulesets.some(needsDefragmentation) || native.some(tableNeedsDefragmentation),
    assumed: assumptionsAbout(host, family),
    stages,
    busy: stages.map((list) => list.filter((stage) => !isPassedUnseen(stage))),
  };
}

/** Whether `traverse` would only find that the policy accepts. */
function isPassedUnseen(stage: HookStage): boolean {
  return (
    (stage.kind === "table" || stage.kind === "chain") && stage.chain.count === 0 && stage.chain.policy === NF_ACCEPT
  );
}

function hasNatRules(host: Host, family: Family): boolean {
  const { nat } = BUILT_IN_CHAINS;
  const ruled = host.rulesets.some(
    ({ family: of, tables }) =>
      of === family && nat.some((hook) => (tables.get("nat")?.chains.get(hook)?.rules.length ?? 0) > 0),
  );
  return ruled || nftChainsOf(host, family).some(isNat);
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

/** Native base chains at a hook of IP that can change a packet's fate; an empty one with policy accept cannot. */
function nftChains(host: Host, family: Family, hook: HookName): readonly NftBaseChain[] {
  return nftChainsOf(host, family)
    .filter((chain) => chain.hook.toUpperCase() === hook)
    .filter((chain) => chain.ruleCount > 0 || chain.policy === "drop");
}

function nftChainsOf(host: Host, family: Family): readonly NftBaseChain[] {
  const own = family === 4 ? "ip" : "ip6";
  return host.nftBaseChains.filter((chain) => chain.family === "inet" || chain.family === own);
}

/** The native tables of a family whose rules are modelled. */
function nftTables(host: Host, family: Family): readonly ChainTable[] {
  return [...new Set(nftChainsOf(host, family).flatMap(({ tables }) => tables?.[family] ?? []))];
}

/** Chains of type nat run in the callback that all of them share. */
function isNat({ type, tables }: NftBaseChain): boolean {
  return type === "nat" && tables !== undefined;
}

function nftStages(chains: readonly NftBaseChain[], family: Family, hook: HookName): readonly PlacedStage[] {
  return chains.flatMap((chain): PlacedStage[] => {
    if (isNat(chain)) return [];
    const bound = chain.tables === undefined ? null : bindNftChain(chain.tables[family], chain.chain, family);
    return [
      {
        priority: chain.priority,
        stage:
          bound === null
            ? { kind: "nft", chain }
            : { kind: "chain", chain: bound, reroutes: chain.type === "route" && hook === "OUTPUT" },
      },
    ];
  });
}

function stagesOf(
  tables: readonly BoundTable[],
  ownNat: readonly NftBaseChain[],
  hook: HookName,
  conntrack: boolean,
  natLoaded: boolean,
  family: Family,
): PlacedStage[] {
  const placed: PlacedStage[] = [];
  const nat: { readonly priority: number; readonly chain: BoundChain }[] = [];
  for (const table of tables) {
    const chain = table.hooks[hook];
    if (chain === undefined) continue;
    if (table.name === "nat") nat.push({ priority: priority("nat", hook, table.backend), chain });
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
    for (const { tables: own, chain, priority: place } of ownNat) {
      const bound = own === undefined ? null : bindNftChain(own[family], chain, family);
      if (bound !== null) nat.push({ priority: place, chain: bound });
    }
    if (natLoaded && hook !== "FORWARD") {
      const chains = nat.sort((x, y) => x.priority - y.priority).map(({ chain }) => chain);
      placed.push({ priority: priority("nat", hook, "legacy"), stage: { kind: "nat", chains } });
    }
  }
  return placed;
}
