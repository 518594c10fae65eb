import type { NftBaseChain } from "../model/nft-base-chain.ts";
import { type Address, parseAddress } from "../net/address.ts";
import { hostPrefix } from "../net/prefix.ts";
import { complain, elements, type Field, member, text } from "./field.ts";
import type { Pod } from "./pod.ts";

const OPTION = /^--?localip(?:=(.*))?$/;

/**
 * The addresses at which a container answers queries for its node: node-cache's `-localip` (kubernetes/dns, cmd/node-cache). Empty where it
 * is no NodeLocal DNSCache.
 */
export function localDnsAddresses(container: Field): readonly Address[] {
  const words = [...elements(member(container, "command")), ...elements(member(container, "args"))];
  for (const [index, word] of words.entries()) {
    const found = OPTION.exec(text(word) ?? "");
    if (found === null) continue;
    const field = found[1] === undefined ? words[index + 1] : word;
    const written = found[1] ?? (field === undefined ? null : text(field));
    if (field === undefined || written === null) return [];
    const addresses = written.split(",").map((part) => parseAddress(part.trim()));
    if (addresses.includes(null)) complain(field, "addresses separated by commas, in place of __PILLAR__…");
    return addresses.filter((address) => address !== null);
  }
  return [];
}

/**
 * Stands for the device and the NOTRACK rules that NodeLocal DNSCache makes on its node, which are not modelled: packets to its addresses
 * have an uncertain fate.
 */
export function localDnsChains(pods: readonly Pod[]): readonly NftBaseChain[] {
  return pods.flatMap(({ metadata, localDns = [] }) => {
    if (localDns.length === 0) return [];
    return (["prerouting", "output"] as const).map(
      (hook): NftBaseChain => ({
        family: "inet",
        table: "NodeLocal DNSCache",
        chain: "queries",
        type: "filter",
        hook,
        // where its rules stand: NF_IP_PRI_RAW
        priority: -300,
        policy: "accept",
        ruleCount: 1,
        destinations: localDns.map(hostPrefix),
        unknown: "node-local-dns",
        origin: metadata.origin,
      }),
    );
  });
}
