import { lazyChain } from "../../model/lazy-chain.ts";
import { NO_ORIGIN } from "../../model/origin.ts";
import type { RestoreChain, RestoreRule } from "../../model/restore-table.ts";
import type { PortalOnNode } from "./portal-on-node.ts";
import { type PortalRules, portalRules } from "./portal-rules.ts";

/**
 * The chains to which every service port gives its rules, by table.
 *
 * @param last the texts of the last rules of nat's KUBE-SERVICES
 */
export function sharedChains(
  portals: () => readonly PortalOnNode[],
  last: readonly string[],
): Readonly<Record<"nat" | "filter", readonly RestoreChain[]>> {
  let rules: readonly PortalRules[] | null = null;
  const written = (): readonly PortalRules[] => {
    rules ??= portals().map(({ shared, state }) => portalRules(shared.portal, state, shared.origins.service));
    return rules;
  };
  const chain = (name: string, of: (rules: PortalRules) => readonly RestoreRule[], end: readonly RestoreRule[] = []) =>
    lazyChain(name, () => [...written().flatMap(of), ...end]);
  const jumps = last.map((text) => ({ text, origin: NO_ORIGIN }));
  return {
    nat: [
      chain("KUBE-SERVICES", ({ natServices }) => natServices, jumps),
      chain("KUBE-NODEPORTS", ({ natNodePorts }) => natNodePorts),
    ],
    filter: [
      chain("KUBE-SERVICES", ({ filterServices }) => filterServices),
      chain("KUBE-EXTERNAL-SERVICES", ({ filterExternal }) => filterExternal),
      chain("KUBE-NODEPORTS", ({ filterNodePorts }) => filterNodePorts),
      chain("KUBE-PROXY-FIREWALL", ({ filterFirewall }) => filterFirewall),
    ],
  };
}
