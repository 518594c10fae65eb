import type { Host } from "../../model/host.ts";
import type { Check } from "./check.ts";
import { tunnelRules } from "./tunnel-rules.ts";

/** So many packets sent are no chance. */
const MANY = 10;

/**
 * A node that sent packets to other nodes through a tunnel and never got one: the rule that would accept them never moved, and the
 * rule beside it, counted since the same time, did.
 */
export const tunnelOneWay: Check = ({ network }) =>
  [...network.hosts.values()].flatMap((host) =>
    (["VXLAN", "IPIP"] as const).flatMap((encapsulation) => {
      const own = <T extends { readonly encapsulation: string }>(rules: readonly T[]): readonly T[] =>
        rules.filter((one) => one.encapsulation === encapsulation);
      const accepting = own(tunnelRules(host, "cali-INPUT", "ACCEPT"));
      const sending = own(tunnelRules(host, "cali-OUTPUT", "ACCEPT")).find(
        ({ rule }) => (rule.counters?.packets ?? 0) >= MANY,
      );
      const [first] = accepting;
      if (first === undefined || sending === undefined || !isFirst(host)) return [];
      if (!accepting.every(({ rule }) => rule.counters?.packets === 0)) return [];
      return [
        {
          severity: "warning" as const,
          message: `${host.name} sent ${sending.rule.counters?.packets} ${encapsulation} packets to other nodes and accepted none from them`,
          at: first.rule.origin,
          beside: sending.rule.origin,
        },
      ];
    }),
  );

/** Whether Felix's chain stands before the host's own rules, which else may accept the packets before it counts them. */
function isFirst({ rulesets }: Host): boolean {
  return rulesets.some(({ family, tables }) => {
    const target = family === 4 ? tables.get("filter")?.chains.get("INPUT")?.rules[0]?.target : undefined;
    return target?.kind === "jump" && target.chain === "cali-INPUT";
  });
}
