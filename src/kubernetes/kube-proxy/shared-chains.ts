import { NO_ORIGIN } from "../../model/origin.ts";
import type { RestoreChain, RestoreRule } from "../../model/restore-table.ts";
import type { PortalOnNode } from "./portal-on-node.ts";
import { portalRules } from "./portal-rules.ts";

/** The chains of a table to which every service port gives its rules. `last`: the texts of nat's last rules. */
export function sharedChains(
  portals: readonly PortalOnNode[],
  table: "nat" | "filter",
  last: readonly string[],
): readonly RestoreChain[] {
  const written = portals.map(({ shared, state }) => portalRules(shared.portal, state, shared.origins.service));
  const chain = (
    name: string,
    of: (rules: ReturnType<typeof portalRules>) => readonly RestoreRule[],
    end: readonly RestoreRule[] = [],
  ): RestoreChain => ({ name, rules: [...written.flatMap(of), ...end] });
  switch (table) {
    case "nat": {
      const jumps = last.map((text) => ({ text, origin: NO_ORIGIN }));
      return [
        chain("KUBE-SERVICES", ({ natServices }) => natServices, jumps),
        chain("KUBE-NODEPORTS", ({ natNodePorts }) => natNodePorts),
      ];
    }
    case "filter":
      return [
        chain("KUBE-SERVICES", ({ filterServices }) => filterServices),
        chain("KUBE-EXTERNAL-SERVICES", ({ filterExternal }) => filterExternal),
        chain("KUBE-NODEPORTS", ({ filterNodePorts }) => filterNodePorts),
        chain("KUBE-PROXY-FIREWALL", ({ filterFirewall }) => filterFirewall),
      ];
  }
}
