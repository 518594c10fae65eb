import type { Finding } from "../../model/finding.ts";
import type { NftBaseChain } from "../../model/nft-base-chain.ts";
import { type OriginTable, originAt, originFile } from "../../model/origin.ts";
import { dumpFindings } from "../dump-findings.ts";
import { dumpLines } from "../dump-text.ts";
import { isJsonDump } from "../json-fields.ts";
import { isIptablesChain } from "./iptables-chains.ts";
import { chainsOfJson } from "./ruleset-json.ts";
import { chainsOfText } from "./ruleset-text.ts";

export interface NftRuleset {
  /** Base chains that iptables-nft-save does not show, in the order of the dump. */
  readonly baseChains: readonly NftBaseChain[];
  readonly findings: readonly Finding[];
}

/**
 * Reads `nft list ruleset` or `nft -j list ruleset` just far enough to know which native base chains a packet meets.
 * Chains of iptables-nft are left to its own dump, which loses nothing. Every other table counts as native: firewalld,
 * kube-proxy and Calico in nftables mode, a hand-written firewall.
 */
export function readNftBaseChains(
  input: { readonly text: string; readonly file: string },
  origins: OriginTable,
): NftRuleset {
  const { lines, findings: first } = dumpLines(input.text, input.file);
  const findings = dumpFindings(input.file, first);
  const file = originFile(origins, input.file);
  const found = isJsonDump(lines) ? chainsOfJson(lines, findings) : chainsOfText(lines, findings);
  const baseChains: NftBaseChain[] = [];
  const named = new Set<string>();
  for (const { line, ...chain } of found) {
    if (isIptablesChain(chain)) continue;
    baseChains.push({ ...chain, origin: originAt(origins, file, line) });
    const table = `${chain.family} ${chain.table}`;
    if (named.has(table)) continue;
    named.add(table);
    findings.add(
      "native-nft-table",
      "info",
      line,
      `Table ${table} belongs to nftables itself; its rules are not modelled.`,
    );
  }
  return { baseChains, findings: findings.list() };
}
