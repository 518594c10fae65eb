import type { RestoreChain, RestoreTable } from "../../model/restore-table.ts";
import type { Address } from "../../net/address.ts";
import { prefixContains } from "../../net/prefix.ts";
import { categoriseEndpoints, type ProxyTopology } from "./categorise-endpoints.ts";
import {
  type FixedSettings,
  filterHooks,
  fixedFilterChains,
  fixedNatChains,
  MANGLE_CHAINS,
  NAT_HOOKS,
} from "./fixed-chains.ts";
import type { FamilyPortals, SharedPortal } from "./kube-proxy-context.ts";
import type { LocalTraffic } from "./local-traffic.ts";
import { portalChains } from "./portal-chains.ts";
import type { PortalOnNode } from "./portal-on-node.ts";
import { portalState } from "./portal-state.ts";
import { sharedChains } from "./shared-chains.ts";

/** What one node makes of the Services of a family. */
export interface ProxyNodeSettings {
  readonly topology: ProxyTopology;
  readonly nodeIP: Address | null;
  readonly fixed: FixedSettings;
  readonly local: LocalTraffic | null;
  readonly masqueradeAll: boolean;
  /** The last rules of nat's KUBE-SERVICES. */
  readonly nodePortJumps: readonly string[];
}

export function proxyTables(family: FamilyPortals, settings: ProxyNodeSettings): readonly RestoreTable[] {
  const ofNode = family.portals.filter((shared) => shared.ofNode).map((shared) => onNode(shared, settings));
  const states = ofNode.map(({ state }) => state.key).join(" ");
  const everywhere = [settings.local?.ifLocal ?? "", settings.masqueradeAll, settings.nodePortJumps.join("\n")];
  const key = JSON.stringify([states, ...everywhere, settings.fixed]);
  // a node without endpoints of its own is like many others
  const isUsual = ofNode.every(({ usable }) => usable.local.length === 0);
  const whole = JSON.stringify([key, ofNode.map((one) => `${one.usable.clusterKey} ${one.nodeIPInRanges}`)]);
  const before = isUsual ? family.tables.get(whole) : undefined;
  if (before !== undefined) return before;

  const all = (): readonly PortalOnNode[] => {
    const own = new Map(ofNode.map((one) => [one.shared, one]));
    return family.portals.map((shared) => own.get(shared) ?? onNode(shared, settings));
  };
  const nat = once(family, `nat ${key}`, () => [
    ...fixedNatChains(settings.fixed),
    ...sharedChains(all(), "nat", settings.nodePortJumps),
  ]);
  const filter = once(family, `filter ${key}`, () => [
    ...fixedFilterChains(settings.fixed),
    ...sharedChains(all(), "filter", []),
  ]);
  const usual = once(family, `portals ${JSON.stringify(everywhere)}`, () =>
    family.portals
      .filter((shared) => !shared.ofNode)
      .flatMap((shared) => chainsOf(onNode(shared, settings), family, settings)),
  );
  const tables: readonly RestoreTable[] = [
    { name: "mangle", hooks: [], chains: MANGLE_CHAINS },
    {
      name: "nat",
      hooks: NAT_HOOKS,
      chains: [...nat, ...usual, ...ofNode.flatMap((one) => chainsOf(one, family, settings))],
    },
    { name: "filter", hooks: filterHooks(settings.fixed.family), chains: filter },
  ];
  if (isUsual) family.tables.set(whole, tables);
  return tables;
}

function once(family: FamilyPortals, key: string, make: () => readonly RestoreChain[]): readonly RestoreChain[] {
  const before = family.chainLists.get(key);
  if (before !== undefined) return before;
  const chains = make();
  family.chainLists.set(key, chains);
  return chains;
}

function onNode(shared: SharedPortal, { topology, nodeIP }: ProxyNodeSettings): PortalOnNode {
  const usable = categoriseEndpoints(shared.portal, topology);
  const state = portalState(shared.portal, usable);
  const nodeIPInRanges = nodeIP !== null && shared.portal.sourceRanges.some((range) => prefixContains(range, nodeIP));
  return { shared, usable, state, nodeIPInRanges };
}

function chainsOf(
  { shared, usable, state, nodeIPInRanges }: PortalOnNode,
  { isLarge }: FamilyPortals,
  { local, masqueradeAll }: ProxyNodeSettings,
): readonly RestoreChain[] {
  const share = (key: string, make: () => RestoreChain): RestoreChain => {
    const before = shared.chains.get(key);
    if (before !== undefined) return before;
    const chain = make();
    shared.chains.set(key, chain);
    return chain;
  };
  const settings = { masqueradeAll, local, isLarge };
  return portalChains(shared.portal, usable, state, nodeIPInRanges, settings, shared.origins, share);
}
