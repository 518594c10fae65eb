import { isNodeCacheComment } from "../../kubernetes/node-local-dns/node-cache-on-node.ts";
import type { Host } from "../../model/host.ts";
import type { Network } from "../../model/network.ts";
import { NO_ORIGIN, type Origin, type OriginTable, type Source, sourceOf } from "../../model/origin.ts";
import type { Chain, Rule, Ruleset, Table } from "../../model/ruleset.ts";
import { printRule } from "../../readers/iptables/print.ts";
import { compareRules } from "../drift/compare-rules.ts";
import type { NftChain } from "../nft-chains.ts";
import { type Owner, ownerOfChain } from "../programmed/chain-owner.ts";
import { comparedRule } from "../programmed/compared-rule.ts";
import { expectedChain } from "../programmed/expected-chain.ts";
import type { ProgrammedCluster, ProgrammedNode } from "../programmed/programmed-cluster.ts";

/** A rule of a node with who wrote it, and which field of which resource made them write it. */
export interface ExplainedRule {
  readonly node: string;
  readonly family: Ruleset["family"];
  readonly backend: Ruleset["backend"];
  /** `filter`, or `inet filter` of nft's own. */
  readonly table: string;
  readonly chain: string;
  /** From 1. */
  readonly index: number;
  /** As iptables-save prints it; of nft's own, as nft does. */
  readonly text: string;
  /** Where the dump, or the manifest, has it. */
  readonly written: Source | null;
  /** Null: somebody's own rule. */
  readonly owner: Owner | null;
  /** Null: no resource made it; it is always there, or nobody knows. */
  readonly cause: Source | null;
  /** Names of the sets that it asks. */
  readonly sets: readonly string[];
}

/** What the rules of nodes were made from, as far as they do not tell themselves. */
export type Causes = Pick<ProgrammedCluster, "causes" | "of">;

/** Explains the rules of chains, each chain once. */
export interface RuleExplainer {
  chain(host: Host, ruleset: Ruleset, table: Table, chain: Chain): readonly ExplainedRule[];
  /** Of a chain of nft's own: nobody but a person, or a program that podpath does not know, makes those. */
  nftChain(host: Host, chain: NftChain): readonly ExplainedRule[];
  /** The resource that a chain stands for. */
  causeOfChain(name: string): Source | null;
}

/** Tells the resource that an origin names; null: none. Each is told once, as thousands of rules have one. */
export function resourceTeller(origins: OriginTable): (origin: Origin) => Source | null {
  const known = new Map<Origin, Source | null>();
  return (origin) => {
    if (origin === NO_ORIGIN) return null;
    const before = known.get(origin);
    if (before !== undefined) return before;
    const source = sourceOf(origins, origin);
    const told = source?.resource === undefined ? null : source;
    known.set(origin, told);
    return told;
  };
}

/** `programmed`: what ought to be there, where objects were collected with dumps. */
export function ruleExplainer(network: Network, programmed: Causes | null): RuleExplainer {
  const { origins } = network;
  const causeOfChain = (name: string): Source | null => resourceOf(programmed?.causes.get(name) ?? NO_ORIGIN);
  const resourceOf = resourceTeller(origins);
  return {
    causeOfChain,
    nftChain: (host, { family, table, chain }) =>
      chain.rules.map(
        (rule, i): ExplainedRule => ({
          node: host.name,
          family,
          backend: "nft",
          table,
          chain: chain.name,
          index: rule.nft?.index ?? i + 1,
          text: rule.nft?.text ?? "",
          written: sourceOf(origins, rule.origin),
          owner: null,
          cause: resourceOf(rule.origin),
          sets: [...(rule.nft?.text ?? "").matchAll(/ --match-set (\S+) /g)].map(([, name = ""]) => name),
        }),
      ),
    chain: (host, ruleset, table, chain) => {
      const node = programmed?.of(host.name) ?? null;
      const rendered = node === null ? [] : originsByRule(chain, ruleset, table, node);
      return chain.rules.map((rule, i): ExplainedRule => {
        const target = jumpOf(rule);
        const cause =
          resourceOf(rule.origin) ??
          resourceOf(rendered[i] ?? NO_ORIGIN) ??
          (target === null ? null : causeOfChain(target)) ??
          causeOfChain(chain.name);
        return {
          node: host.name,
          family: ruleset.family,
          backend: ruleset.backend,
          table: table.name,
          chain: chain.name,
          index: i + 1,
          // of the rules that are looked through few are shown
          get text() {
            return `-A ${chain.name} ${printRule({ ...rule, counters: null }, ruleset.family)}`;
          },
          get written() {
            return sourceOf(origins, rule.origin);
          },
          get owner() {
            return ownerOfChain(chain.name) ?? ownerOfRule(rule);
          },
          cause,
          sets: rule.matches.flatMap((match) => (match.name === "set" ? [match.options.name] : [])),
        };
      });
    },
  };
}

function jumpOf({ target }: Rule): string | null {
  return target?.kind === "jump" || target?.kind === "goto" ? target.chain : null;
}

/** A rule in a chain of the kernel belongs to whoever marked it, or owns the chain that it leads to. */
export function ownerOfRule(rule: Rule): Owner | null {
  const hashed = rule.matches.some((match) => match.name === "comment" && match.options.text.startsWith("cali:"));
  if (hashed) return "Calico";
  const target = jumpOf(rule);
  if (target !== null) return ownerOfChain(target);
  const isCaches = rule.matches.some((match) => match.name === "comment" && isNodeCacheComment(match.options.text));
  return isCaches ? "NodeLocal DNSCache" : null;
}

/** The origins of the rules that a program rendered, by the position of the dumped rule that each became. */
function originsByRule(chain: Chain, ruleset: Ruleset, table: Table, node: ProgrammedNode): readonly Origin[] {
  const expected = expectedChain(node, ruleset.family, table.name, chain.name);
  if (expected === null) return [];
  const dumped = chain.rules.map((rule) => comparedRule(rule, ruleset.family));
  const { matched } = compareRules(
    expected.map(({ compared }) => compared),
    dumped,
  );
  const origins: Origin[] = dumped.map(() => NO_ORIGIN);
  matched.forEach((place, i) => {
    if (place >= 0) origins[place] = expected[i]?.origin ?? NO_ORIGIN;
  });
  return origins;
}
