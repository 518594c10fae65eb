import { type Address, formatAddress } from "../../net/address.ts";
import { prefixContains } from "../../net/prefix.ts";
import type { BGPConfiguration } from "../bgp-configuration.ts";
import type { WrittenCIDR } from "../written-cidr.ts";
import { type BgpNode, inOrder } from "./bgp-node.ts";

/** A Service as far as its advertisement goes. */
export interface AdvertisedService {
  readonly type: string;
  /** `spec.clusterIP`; null for a headless one. */
  readonly clusterIP: Address | null;
  readonly externalTrafficPolicy: string;
  readonly externalIPs: readonly Address[];
  /** `spec.loadBalancerIP`. */
  readonly loadBalancerIP: Address | null;
  /** `status.loadBalancer.ingress`. */
  readonly ingressIPs: readonly Address[];
  /** Its ready endpoints; null where it has no endpoints object, and is then not looked at. */
  readonly endpoints: readonly { readonly address: Address; readonly nodeName: string | null }[] | null;
}

/** Ranges of Services in the `default` BGPConfiguration. */
export interface ServiceRanges {
  /** As CALICO_ADVERTISE_CLUSTER_IPS or `serviceClusterIPs` say. */
  readonly clusterIPs: readonly WrittenCIDR[];
  readonly externalIPs: readonly WrittenCIDR[];
  readonly loadBalancerIPs: readonly WrittenCIDR[];
  readonly aggregatesLoadBalancers: boolean;
}

/** CIDR blocks of one family in confd's order. */
export interface ServiceRoutes {
  /** Blackhole routes that are exported. */
  readonly advertised: readonly string[];
  /** What is kept out of the kernel's table. */
  readonly rejected: readonly string[];
}

const EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers";

export function serviceRanges(
  configuration: BGPConfiguration | null,
  clusterIPs: readonly WrittenCIDR[] | null,
): ServiceRanges {
  return {
    clusterIPs: clusterIPs ?? configuration?.serviceClusterIPs ?? [],
    externalIPs: configuration?.serviceExternalIPs ?? [],
    loadBalancerIPs: configuration?.serviceLoadBalancerIPs ?? [],
    aggregatesLoadBalancers: configuration?.serviceLoadBalancerAggregation !== "Disabled",
  };
}

/**
 * What a node advertises for Services: the ranges, and single addresses of Services whose traffic must come to a node with an endpoint
 * (confd/pkg/backends/calico/routes.go; client.go, updateGlobalRoutes). A node with the label
 * node.kubernetes.io/exclude-from-external-load-balancers advertises nothing.
 *
 * @param single which Services of policy Cluster are advertised by address: v3.29 looks at `spec.loadBalancerIP`, newer ones also at the
 * status and at external addresses
 */
export function serviceRoutes(
  node: BgpNode,
  family: 4 | 6,
  ranges: ServiceRanges,
  services: readonly AdvertisedService[],
  single: "spec" | "all",
): ServiceRoutes {
  const isExcluded = node.labels.get(EXCLUDED) === "true";
  const wholeBalancers = ranges.loadBalancerIPs.filter(({ prefix }) => !isSingle(prefix.length, prefix.address.family));
  const rejected = [...ranges.clusterIPs, ...ranges.externalIPs, ...wholeBalancers];
  const advertised = new Set<string>();
  if (!isExcluded) {
    const whole = ranges.aggregatesLoadBalancers ? wholeBalancers : [];
    for (const { text } of [...ranges.clusterIPs, ...ranges.externalIPs, ...whole]) advertised.add(text);
    const isUsed = ranges.clusterIPs.length + ranges.externalIPs.length + ranges.loadBalancerIPs.length > 0;
    for (const service of isUsed ? services : []) {
      if (!isAdvertised(service, node.name, ranges, single)) continue;
      for (const address of addressesOf(service, ranges)) {
        advertised.add(`${formatAddress(address)}/${address.family === 4 ? 32 : 128}`);
      }
    }
  }
  return {
    advertised: ofFamily([...advertised], family),
    rejected: ofFamily([...new Set(rejected.map(({ text }) => text))], family),
  };
}

/** confd keeps them under names in which the slash is a minus, in the order of these names. */
function ofFamily(cidrs: readonly string[], family: 4 | 6): readonly string[] {
  return cidrs
    .filter((cidr) => cidr.includes(":") === (family === 6))
    .sort((x, y) => inOrder(x.replace("/", "-"), y.replace("/", "-")));
}

function isSingle(length: number, family: 4 | 6): boolean {
  return length === (family === 4 ? 32 : 128);
}

function isIn(ranges: readonly WrittenCIDR[], address: Address): boolean {
  return ranges.some(({ prefix }) => prefixContains(prefix, address));
}

function isInSingle(ranges: readonly WrittenCIDR[], address: Address): boolean {
  return ranges.some(({ prefix }) => prefixContains(prefix, address) && isSingle(prefix.length, prefix.address.family));
}

function isAdvertised(
  service: AdvertisedService,
  node: string,
  ranges: ServiceRanges,
  single: "spec" | "all",
): boolean {
  const { type, clusterIP, externalTrafficPolicy, endpoints } = service;
  if (endpoints === null || clusterIP === null) return false;
  if (type !== "ClusterIP" && type !== "NodePort" && type !== "LoadBalancer") return false;
  if (externalTrafficPolicy === "Cluster") return isAdvertisedAlone(service, ranges, single);
  if (externalTrafficPolicy !== "Local") return false;
  return endpoints.some(({ nodeName, address }) => nodeName === node && address.family === clusterIP.family);
}

/** Of policy Cluster, and yet in no range that is advertised whole. */
function isAdvertisedAlone(service: AdvertisedService, ranges: ServiceRanges, single: "spec" | "all"): boolean {
  const { type, loadBalancerIP, ingressIPs, externalIPs } = service;
  const isAlone = (address: Address): boolean =>
    ranges.aggregatesLoadBalancers
      ? isInSingle(ranges.loadBalancerIPs, address)
      : isIn(ranges.loadBalancerIPs, address);
  if (type === "LoadBalancer" && loadBalancerIP !== null && isAlone(loadBalancerIP)) return true;
  if (single === "spec") return false;
  if (type === "LoadBalancer" && ingressIPs.some(isAlone)) return true;
  return externalIPs.some((address) => isInSingle(ranges.externalIPs, address));
}

function addressesOf(service: AdvertisedService, ranges: ServiceRanges): readonly Address[] {
  return [
    ...(ranges.clusterIPs.length > 0 && service.clusterIP !== null ? [service.clusterIP] : []),
    ...service.externalIPs.filter((address) => isIn(ranges.externalIPs, address)),
    ...service.ingressIPs.filter((address) => isIn(ranges.loadBalancerIPs, address)),
  ];
}
