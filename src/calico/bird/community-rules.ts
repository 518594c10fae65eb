import type { BGPConfiguration } from "../bgp-configuration.ts";
import { inOrder } from "./bgp-node.ts";

/** Communities that are added to routes inside a CIDR block. */
export interface CommunityRule {
  readonly cidr: string;
  readonly communities: readonly string[];
}

/**
 * What `prefixAdvertisements` say for a family: those of the node's own configuration where it has any, else those of `default`, each with
 * names out of its own `communities` (confd/pkg/backends/calico/client.go, getPrefixAdvertisementsKVPair).
 */
export function communityRules(
  configurations: { readonly node: BGPConfiguration | null; readonly cluster: BGPConfiguration | null },
  family: 4 | 6,
): readonly CommunityRule[] {
  const { node, cluster } = configurations;
  const source = node !== null && node.prefixAdvertisements !== null ? node : cluster;
  const advertisements = source?.prefixAdvertisements ?? [];
  return advertisements.flatMap(({ cidr, communities }) => {
    if (cidr.text.includes(":") !== (family === 6)) return [];
    const values = communities.flatMap((one) =>
      /^\d+:\d+(?::\d+)?$/.test(one) ? one : (source?.communities.get(one) ?? []),
    );
    return [{ cidr: cidr.text, communities: [...new Set(values)].sort(inOrder) }];
  });
}
