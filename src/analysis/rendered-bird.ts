import type { DeclaredBgpNode } from "../calico/bird/bgp-node.ts";
import { type BirdContext, birdContext } from "../calico/bird/bird-context.ts";
import { birdFilesOf } from "../calico/bird/bird-files-of.ts";
import type { Cluster } from "../calico/cluster.ts";
import type { AddressWithLength } from "../kubernetes/address-field.ts";
import { endpointSlicesOf } from "../kubernetes/endpoint-slices-of.ts";
import { type Evidence, evidence } from "../model/evidence.ts";
import type { OriginTable } from "../model/origin.ts";
import { addressBits } from "../net/prefix.ts";
import { readBirdConfiguration } from "../readers/bird/configuration.ts";
import type { SettledCluster } from "../readers/cluster/settle-cluster.ts";
import { toldVersions } from "./programmed/cluster-versions.ts";

/**
 * What confd knows of a cluster: of manifests with a `nodes.yaml` as they have settled, of a snapshot as its objects tell. Without a word about
 * Calico's version it is v3.29.
 */
export function renderedBird(cluster: Cluster, settled: SettledCluster | null): BirdContext {
  return settled === null
    ? birdContext(cluster, nodesTold(cluster), {
        calico: toldVersions(cluster).calico ?? "",
        slices: endpointSlicesOf(cluster),
        blocks: null,
      })
    : birdContext(settled.cluster, settled.nodes, {
        calico: settled.versions.calico,
        slices: settled.slices,
        blocks: settled.plan.blocks,
      });
}

/**
 * The rendered configurations of all nodes, and those of machines beside the cluster, as if they had been dumped: what `reconverge` starts BIRDs
 * from.
 */
export function renderedEvidence(
  context: BirdContext,
  origins: OriginTable,
  outside: SettledCluster["birds"] = new Map(),
): ReadonlyMap<string, Evidence> {
  return new Map([
    ...[...outside].map(([host, birdConfigurations]) => [host, evidence({ birdConfigurations })] as const),
    ...[...context.nodes.keys()].map((node) => {
      const files = new Map<string, string>(birdFilesOf(node, context));
      const birdConfigurations = ["bird.cfg", "bird6.cfg"].map((name) => {
        const beside = (included: string) => [{ path: `${node}/${included}`, text: files.get(included) ?? "" }];
        return readBirdConfiguration(files.get(name) ?? "", `${node}/${name}`, origins, beside).configuration;
      });
      return [node, evidence({ birdConfigurations })] as const;
    }),
  ]);
}

/** The nodes as objects tell them; without Calico's word for it, calico/node has the address of the Node. */
function nodesTold(cluster: Cluster): readonly DeclaredBgpNode[] {
  return [...new Set([...cluster.nodes.keys(), ...cluster.calicoNodes.keys()])].map((name) => {
    const kubernetes = cluster.nodes.get(name);
    const calico = cluster.calicoNodes.get(name);
    const internal = (family: 4 | 6): AddressWithLength | null => {
      const address = kubernetes?.internalIPs.find((one) => one.family === family);
      return address === undefined ? null : { address, length: addressBits(family) };
    };
    return {
      name,
      labels: kubernetes?.metadata.labels ?? new Map<string, string>(),
      bgpIPv4: calico?.ipv4 ?? kubernetes?.calicoIPv4 ?? internal(4),
      bgpIPv6: calico?.ipv6 ?? kubernetes?.calicoIPv6 ?? internal(6),
      asNumber: null,
    };
  });
}
