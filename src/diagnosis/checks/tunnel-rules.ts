import type { Host } from "../../model/host.ts";
import type { Rule, Target } from "../../model/ruleset.ts";
import { UDP } from "../../net/protocol.ts";

const IPIP = 4;
const VXLAN_PORT = 4789;

export type Encapsulation = "VXLAN" | "IPIP";

/** The encapsulation whose packets a rule of Felix is about; null for other rules. */
export function encapsulationOf({ protocol, matches }: Rule): Encapsulation | null {
  if (protocol?.invert !== false) return null;
  if (protocol.number === IPIP) return "IPIP";
  if (protocol.number !== UDP) return null;
  const isVxlan = matches.some((match) => {
    if (match.name === "udp") return match.options.dport?.first === VXLAN_PORT;
    return match.name === "multiport" && match.options.ranges.some(({ first }) => first === VXLAN_PORT);
  });
  return isVxlan ? "VXLAN" : null;
}

/** Felix's rules about encapsulated packets in one of its chains, with how they end. */
export function tunnelRules(
  { rulesets }: Host,
  chain: "cali-INPUT" | "cali-OUTPUT",
  verdict: "ACCEPT" | "DROP",
): readonly { readonly rule: Rule; readonly encapsulation: Encapsulation }[] {
  return rulesets.flatMap(({ family, tables }) =>
    family !== 4
      ? []
      : (tables.get("filter")?.chains.get(chain)?.rules ?? []).flatMap((rule) => {
          const encapsulation = encapsulationOf(rule);
          return encapsulation === null || !ends(rule.target, verdict) ? [] : [{ rule, encapsulation }];
        }),
  );
}

function ends(target: Target | null, verdict: string): boolean {
  return target?.kind === "verdict" && target.verdict === verdict;
}
