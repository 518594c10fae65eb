import type { TunnelAddresses } from "../kubernetes/tunnel-addresses.ts";
import { type Address, formatAddress } from "../net/address.ts";
import { prefixContains } from "../net/prefix.ts";
import type { Cluster } from "./cluster.ts";
import type { DeclaredNode } from "./declared-node.ts";
import type { HostEndpoint } from "./host-endpoint.ts";
import type { KubeControllersConfiguration } from "./kube-controllers-configuration.ts";
import { matchesSelector } from "./selector/matches-selector.ts";
import { parseSelector } from "./selector/parse-selector.ts";

const CREATED_BY = ["projectcalico.org/created-by", "calico-kube-controllers"] as const;

function knownAddresses(
  node: DeclaredNode,
  tunnels: TunnelAddresses | undefined,
  cluster: Cluster,
): readonly Address[] {
  const inOrder = [
    node.bgpIPv4?.address,
    node.bgpIPv6?.address,
    tunnels?.ipip,
    tunnels?.vxlan4,
    tunnels?.vxlan6,
    tunnels?.wireguard4,
    tunnels?.wireguard6,
    ...(cluster.nodes.get(node.name)?.internalIPs ?? []),
  ];
  const distinct = new Map<string, Address>();
  for (const address of inOrder)
    if (address !== undefined && address !== null) distinct.set(formatAddress(address), address);
  return [...distinct.values()];
}

/** Go's and JavaScript's regular expressions agree in what names of interfaces need; null for what is none. */
function pattern(text: string): RegExp | null {
  try {
    return new RegExp(text);
  } catch {
    return null;
  }
}

/**
 * The host endpoints that kube-controllers makes of a node: the one for all interfaces, and those of templates
 * (kube-controllers/pkg/controllers/node/hostendpoints.go).
 */
export function autoHostEndpoints(
  node: DeclaredNode,
  configuration: KubeControllersConfiguration,
  tunnels: TunnelAddresses | undefined,
  cluster: Cluster,
): readonly HostEndpoint[] {
  if (!configuration.autoHostEndpoints) return [];
  const known = knownAddresses(node, tunnels, cluster);
  const endpoint = (
    name: string,
    interfaceName: string,
    expectedIPs: readonly Address[],
    labels: ReadonlyMap<string, string>,
  ): HostEndpoint => ({
    metadata: {
      kind: "HostEndpoint",
      apiVersion: "projectcalico.org/v3",
      namespace: null,
      name: `${name}-auto-hep`,
      labels: new Map([...node.labels, ...labels, CREATED_BY]),
      annotations: new Map(),
      origin: configuration.origin,
    },
    node: node.name,
    interfaceName,
    expectedIPs,
    profiles: ["projectcalico-default-allow"],
    ports: [],
  });
  const made = configuration.defaultHostEndpoint ? [endpoint(node.name, "*", known, new Map())] : [];
  for (const template of configuration.templates) {
    const { selector } = parseSelector(template.nodeSelector);
    if (selector === null || !matchesSelector(selector, (label) => node.labels.get(label))) continue;
    const name = `${node.name}-${template.generateName}`;
    const inside = known.filter((address) => template.interfaceCIDRs.some((cidr) => prefixContains(cidr, address)));
    if (template.interfacePattern === "") {
      if (inside.length > 0) made.push(endpoint(name, "", inside, template.labels));
      continue;
    }
    const matches = pattern(template.interfacePattern);
    for (const device of node.interfaces) {
      if (matches?.test(device.name) !== true) continue;
      const own = device.addresses.map(({ address }) => address);
      const all = new Map([...inside, ...own].map((address) => [formatAddress(address), address]));
      made.push(endpoint(`${name}-${device.name}`, device.name, [...all.values()], template.labels));
    }
  }
  return made;
}
