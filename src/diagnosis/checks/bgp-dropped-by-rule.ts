import { isEstablished } from "../../analysis/bgp-evidence.ts";
import { nftChainsOf } from "../../analysis/nft-chains.ts";
import type { Rule } from "../../model/ruleset.ts";
import { namesBgp } from "./bgp-port.ts";
import type { Check } from "./check.ts";

/** A rule that drops or rejects port 179 by name, with a counter that moved, on a host with a session that is down. */
export const bgpDroppedByRule: Check = ({ network, evidence }) =>
  [...evidence].flatMap(([name, { bgpSessions }]) => {
    const host = network.hosts.get(name);
    const down = bgpSessions.find((session) => !isEstablished(session));
    if (host === undefined || down === undefined) return [];
    const chains = [
      ...host.rulesets.flatMap(({ tables }) => [...tables.values()].flatMap((table) => [...table.chains.values()])),
      ...nftChainsOf(host).map(({ table, chain }) => ({ ...chain, name: `${table} ${chain.name}` })),
    ];
    return chains.flatMap((chain) =>
      chain.rules
        .filter((rule) => namesBgp(rule) && drops(rule) && (rule.counters?.packets ?? 0) > 0)
        .map((rule) => ({
          severity: "error" as const,
          message: `${name} dropped ${rule.counters?.packets ?? 0} packets by this rule against port 179 in chain ${chain.name}, and the BGP session ${down.name} is ${down.bgpState}`,
          at: rule.origin,
          beside: down.origin,
        })),
    );
  });

function drops({ target }: Rule): boolean {
  if (target?.kind === "verdict") return target.verdict === "DROP";
  return target?.kind === "extension" && target.call.name === "REJECT";
}
