import type { RestoreChain } from "../../model/restore-table.ts";
import { hashInName, servicePortHash } from "./chain-names.ts";
import type { PortalOnNode } from "./portal-on-node.ts";

/** Chains of service ports: all of them, or one without making the others. */
export interface ChainsByName {
  all(): readonly RestoreChain[];
  /** Of the chains of endpoints those whose service port was asked for before. */
  find(name: string): RestoreChain | undefined;
}

/**
 * The chains that service ports have for themselves and their endpoints. A packet comes to an endpoint's chain by way of one of its
 * service port, so that those of few ports are ever made.
 */
export function chainsByName(
  portals: readonly PortalOnNode[],
  chainsOf: (portal: PortalOnNode) => readonly RestoreChain[],
): ChainsByName {
  let byHash: ReadonlyMap<string, PortalOnNode> | null = null;
  let list: readonly RestoreChain[] | null = null;
  const met = new Map<string, RestoreChain>();
  return {
    all: () => {
      list ??= portals.flatMap(chainsOf);
      return list;
    },
    find: (name) => {
      const known = met.get(name);
      if (known !== undefined) return known;
      byHash ??= new Map(
        portals.map((one) => [servicePortHash(one.shared.portal.name, one.shared.portal.protocol), one]),
      );
      const portal = byHash.get(hashInName(name) ?? "");
      if (portal === undefined) return undefined;
      for (const chain of chainsOf(portal)) met.set(chain.name, chain);
      return met.get(name);
    },
  };
}
