import { append } from "../../model/append.ts";
import type { Finding } from "../../model/finding.ts";
import type { Host } from "../../model/host.ts";
import { formatSource, type Origin, type OriginTable, sourceOf } from "../../model/origin.ts";
import type { RestoreTable } from "../../model/restore-table.ts";
import type { Chain, Ruleset, Table, TableName } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { findingAt } from "../../readers/snapshot/finding-at.ts";
import { ownerOfRule } from "../explain/explained-rule.ts";
import { comparedRule } from "../programmed/compared-rule.ts";
import { chainsOf, type ExpectedRule, expectedChain } from "../programmed/expected-chain.ts";
import type { Program, ProgrammedNode } from "../programmed/programmed-cluster.ts";
import { compareRules } from "./compare-rules.ts";

/** Chains whose rules stand in the order of a hash map: only what is in them can be told. */
const UNORDERED: ReadonlySet<string> = new Set([
  "KUBE-SERVICES",
  "KUBE-NODEPORTS",
  "KUBE-EXTERNAL-SERVICES",
  "KUBE-PROXY-FIREWALL",
]);

/** The kubelet writes there too, what it did in older versions among it. */
const MANY_WRITE: ReadonlySet<string> = new Set(["KUBE-FIREWALL"]);

/** Chains that a program makes for objects, and takes away with them. */
const OF_OBJECTS: Readonly<Record<"Felix" | "kube-proxy", RegExp>> = {
  Felix: /^cali-/,
  "kube-proxy": /^KUBE-(?:SVC|SVL|EXT|FW|SEP)-/,
};

/** The programs whose rules can be told from their objects alone: the names of portmap's chains need the ids of containers. */
const COMPARED: readonly Exclude<Program, "portmap">[] = ["Felix", "kube-proxy", "NodeLocal DNSCache"];

/** The chains by which the backend is told that a program uses. */
const MARKED: Readonly<Record<(typeof COMPARED)[number], RegExp>> = {
  Felix: OF_OBJECTS.Felix,
  "kube-proxy": /^KUBE-/,
  "NodeLocal DNSCache": /^(?:cali|KUBE)-/,
};

/** How the rules of Felix, kube-proxy and NodeLocal DNSCache on a node differ from those that the cluster's objects ask for. */
export function programDrift(host: Host, node: ProgrammedNode, origins: OriginTable): readonly Finding[] {
  const findings: Finding[] = [];
  for (const family of [4, 6] as const) {
    if (host.knowledge.get(family === 4 ? "rules" : "rules6") === "unknown") continue;
    for (const program of COMPARED) {
      const tables = node.tables.find((one) => one.program === program && one.family === family)?.tables ?? [];
      if (tables.length === 0) continue;
      const ruleset = rulesetOf(host, family, MARKED[program]);
      if (ruleset === null) {
        if (isAsked(tables, family)) findings.push(nothingProgrammed(host, family, program));
        continue;
      }
      for (const restore of tables) {
        const table = ruleset.tables.get(restore.name);
        if (table === undefined) {
          if (hasRules(restore)) findings.push(tableNotThere(host, family, program, restore.name));
          continue;
        }
        const place: Place = { host, node, ruleset, family, program, table: restore.name, origins };
        for (const name of chainsOf(restore).keys()) {
          const chain = table.chains.get(name);
          append(findings, chainDrift(place, name, chain));
        }
        append(findings, leftOver(place, table, chainsOf(restore)));
      }
    }
  }
  return findings;
}

interface Place {
  readonly host: Host;
  readonly node: ProgrammedNode;
  readonly ruleset: Ruleset;
  readonly family: Family;
  readonly program: Program;
  readonly table: TableName;
  readonly origins: OriginTable;
}

/** The backend that has the most of such chains; null where none has any. */
function rulesetOf(host: Host, family: Family, marked: RegExp): Ruleset | null {
  const count = ({ tables }: Ruleset): number =>
    [...tables.values()].reduce(
      (sum, { chains }) => sum + [...chains.keys()].filter((name) => marked.test(name)).length,
      0,
    );
  const [best] = host.rulesets
    .filter((ruleset) => ruleset.family === family)
    .map((ruleset) => ({ ruleset, chains: count(ruleset) }))
    .filter(({ chains }) => chains > 0)
    .sort((x, y) => y.chains - x.chains);
  return best?.ruleset ?? null;
}

/** Without Services of IPv6, kube-proxy need not look after a node that has none. */
function isAsked(tables: readonly RestoreTable[], family: Family): boolean {
  return (
    family === 4 || tables.some(({ chains }) => chains.some(({ name }) => /^(?:cali-|KUBE-SVC-|KUBE-SVL-)/.test(name)))
  );
}

function nothingProgrammed(host: Host, family: Family, program: Program): Finding {
  return {
    code: "program-not-there",
    severity: "warning",
    message: `${host.name}: ${program} has programmed nothing into the tables of IPv${family}, and the cluster's objects ask for its rules.`,
    advice: `Look whether ${program} runs on the node, and whether the dump is of the backend that it uses (iptables-legacy-save, iptables-nft-save).`,
  };
}

function hasRules({ hooks, chains }: RestoreTable): boolean {
  return hooks.length > 0 || chains.some(({ rules }) => rules.length > 0);
}

function tableNotThere(host: Host, family: Family, program: Program, table: TableName): Finding {
  return {
    code: "program-not-there",
    severity: "warning",
    message: `${host.name}: the dump of IPv${family} has no table ${table}, in which ${program} ought to have rules.`,
    advice: "Collect all tables: iptables-save without -t.",
  };
}

function chainDrift(place: Place, name: string, chain: Chain | undefined): readonly Finding[] {
  const { node, family, program, table, host, origins } = place;
  const expected = (expectedChain(node, family, table, name) ?? []).filter((rule) => rule.program === program);
  if (expected.length === 0 && chain === undefined) return [];
  const isOwn = name.startsWith("cali-") || name.startsWith("KUBE-");
  const dumped = (chain?.rules ?? []).map((rule) => comparedRule(rule, family));
  const { missing, extra, reordered } = compareRules(
    expected.map(({ compared }) => compared),
    dumped,
  );
  const findings: Finding[] = [];
  const where = `${host.name}: ${table} ${name}`;
  if (missing.length > 0) {
    const rules = missing.flatMap((i) => expected[i] ?? []);
    const message =
      chain === undefined
        ? `${where}, which ${program} ought to have made, is not there${because(rules, origins)}.`
        : `${where} lacks ${counted(rules.map(({ compared }) => compared.text))}${because(rules, origins)}.`;
    findings.push(
      at(origins, chain?.origin, {
        code: "rules-not-programmed",
        severity: "warning",
        message,
        related: relatedOf(rules, origins),
        advice: `Look at the log of ${program} on the node; the dump may be older than the object.`,
      }),
    );
  }
  if (!isOwn || chain === undefined) return findings;
  if (extra.length > 0 && !MANY_WRITE.has(name)) {
    const rules = extra.flatMap((i) => chain.rules[i] ?? []);
    const texts = extra.flatMap((i) => dumped[i]?.text ?? []);
    const [first] = rules;
    const strangers = rules.filter((rule) => program === "Felix" && ownerOfRule(rule) === null);
    findings.push(
      at(origins, first?.origin, {
        code: "rules-left-over",
        severity: "warning",
        message: `${where} has ${counted(texts)} that no object of the cluster asks for${strangers.length > 0 ? ", and that Felix did not write" : ""}.`,
        advice: `${program} did not take it away, somebody else wrote it there, or the dump is older than the objects.`,
      }),
    );
  } else if (reordered && !UNORDERED.has(name)) {
    findings.push(
      at(origins, chain.origin, {
        code: "rules-out-of-order",
        severity: "warning",
        message: `${where} has its rules in another order than ${program} writes them.`,
        advice: "Somebody else changed the chain.",
      }),
    );
  }
  return findings;
}

function leftOver(place: Place, table: Table, expected: ReadonlyMap<string, unknown>): readonly Finding[] {
  const { program, host, origins } = place;
  if (program === "portmap" || program === "NodeLocal DNSCache") return [];
  return [...table.chains.values()]
    .filter(({ name, rules }) => OF_OBJECTS[program].test(name) && rules.length > 0 && !expected.has(name))
    .map((chain) =>
      at(origins, chain.rules[0]?.origin, {
        code: "rules-left-over",
        severity: "warning",
        message: `${host.name}: ${table.name} ${chain.name} belongs to no object of the cluster.`,
        advice: `${program} did not take it away, or the object was not collected.`,
      }),
    );
}

function at(origins: OriginTable, origin: Origin | undefined, finding: Finding): Finding {
  return origin === undefined ? finding : findingAt(origins, origin, finding);
}

/** `the rule "…"`, `3 rules (the first is "…")`. */
function counted(texts: readonly string[]): string {
  const [first = ""] = texts;
  return texts.length === 1 ? `the rule "${first}"` : `${texts.length} rules (the first is "${first}")`;
}

function because(rules: readonly ExpectedRule[], origins: OriginTable): string {
  const found = rules.map(({ origin }) => sourceOf(origins, origin)).find((source) => source?.resource !== undefined);
  return found === undefined ? "" : ` because of ${formatSource(found ?? null)}`;
}

function relatedOf(rules: readonly ExpectedRule[], origins: OriginTable): NonNullable<Finding["related"]> {
  const sources = rules.flatMap(({ origin }) => sourceOf(origins, origin) ?? []);
  return [...new Map(sources.map((source) => [formatSource(source), source])).values()].slice(0, 5);
}
