import { endpointSlicesOf } from "../../../src/kubernetes/endpoint-slices-of.ts";
import { type KubeProxyContext, kubeProxyContext } from "../../../src/kubernetes/kube-proxy/kube-proxy-context.ts";
import { kubeProxyOfNode } from "../../../src/kubernetes/kube-proxy/kube-proxy-of-node.ts";
import type { ProxiedNode } from "../../../src/kubernetes/kube-proxy/proxied-node.ts";
import { type OriginTable, originTable } from "../../../src/model/origin.ts";
import type { RestoreTable } from "../../../src/model/restore-table.ts";
import { parseInterfaceAddress } from "../../../src/net/prefix.ts";
import { buildCluster } from "../../../src/readers/resources/build-cluster.ts";
import { readResources } from "../../../src/readers/resources/read-resources.ts";

/** A node with one address and no devices that matter. */
export function proxiedNode(name: string, address: string, fields: Partial<ProxiedNode> = {}): ProxiedNode {
  const bgpIPv4 = parseInterfaceAddress(address);
  return {
    name,
    labels: new Map(),
    interfaces: [],
    sysctls: new Map(),
    bgpIPv4,
    bgpIPv6: null,
    podCIDRs: [],
    ...fields,
  };
}

export interface ProxiedResources {
  readonly context: KubeProxyContext;
  readonly origins: OriginTable;
}

/** The context that kube-proxy has of resources given as YAML. */
export function proxied(yaml: string, kubernetes = "v1.31.0"): ProxiedResources {
  const origins = originTable();
  const { resources } = readResources(yaml, "cluster.yaml", origins);
  const { cluster } = buildCluster(resources);
  return { context: kubeProxyContext(cluster, endpointSlicesOf(cluster), { kubernetes }, origins), origins };
}

/** The lines of a table, as kube-proxy writes them for iptables-restore, one `-A CHAIN …` each. */
export function linesOf(tables: readonly RestoreTable[], table: string): readonly string[] {
  return tables
    .filter(({ name }) => name === table)
    .flatMap(({ chains }) => chains.flatMap(({ name, rules }) => rules.map(({ text }) => `-A ${name} ${text}`)));
}

/** The lines of the IPv4 tables of a node that name a Service. */
export function linesAbout(service: string, node: ProxiedNode, resources: ProxiedResources): readonly string[] {
  const { ipv4 } = kubeProxyOfNode(node, resources.context);
  return [...linesOf(ipv4, "filter"), ...linesOf(ipv4, "nat")].filter((line) => line.includes(service));
}
