import type { RestoreChain, RestoreTable } from "../../model/restore-table.ts";
import type { Address } from "../../net/address.ts";
import { prefixContains } from "../../net/prefix.ts";
import { categoriseEndpoints, type ProxyTopology } from "./categorise-endpoints.ts";
import { isEndpointChain } from "./chain-names.ts";
import { type ChainsByName, chainsByName } from "./chains-by-name.ts";
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
  const ofNode = family.ofNode.map((shared) => onNode(shared, settings));
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
  const shared = once(family.sharedChains, key, () => {
    const { nat, filter } = sharedChains(all, settings.nodePortJumps);
    return {
      nat: [...fixedNatChains(settings.fixed), ...nat],
      filter: [...fixedFilterChains(settings.fixed), ...filter],
    };
  });
  const usual = once(family.portalChains, JSON.stringify(everywhere), () =>
    chainsByName(
      family.portals.filter((one) => !one.ofNode).map((one) => onNode(one, settings)),
      (one) => chainsOf(one, family, settings),
    ),
  );
  const ofThisNode = chainsByName(ofNode, (one) => chainsOf(one, family, settings));
  const tables: readonly RestoreTable[] = [
    { name: "mangle", hooks: [], chains: MANGLE_CHAINS },
    natTable(shared.nat, [usual, ofThisNode]),
    { name: "filter", hooks: filterHooks(settings.fixed.family), chains: shared.filter },
  ];
  if (isUsual) family.tables.set(whole, tables);
  return tables;
}

function natTable(fixed: readonly RestoreChain[], portals: readonly ChainsByName[]): RestoreTable {
  let chains: readonly RestoreChain[] | null = null;
  const all = (): readonly RestoreChain[] => {
    chains ??= [...fixed, ...portals.flatMap((one) => one.all())];
    return chains;
  };
  const isNamed = (name: string) => (chain: RestoreChain) => chain.name === name;
  return {
    name: "nat",
    hooks: NAT_HOOKS,
    get chains() {
      return all();
    },
    find: (name) => {
      const known = fixed.find(isNamed(name));
      if (known !== undefined) return known;
      for (const one of portals) {
        const found = one.find(name);
        if (found !== undefined) return found;
      }
      return isEndpointChain(name) ? all().find(isNamed(name)) : undefined;
    },
  };
}

function once<Value>(made: Map<string, Value>, key: string, make: () => Value): Value {
  const before = made.get(key);
  if (before !== undefined) return before;
  const value = make();
  made.set(key, value);
  return value;
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
