import type { NameForwarder, NameLookup, NameQuery, NameService } from "../model/name-lookup.ts";
import { once } from "../model/once.ts";
import { type Address, parseAddress, sameAddress } from "../net/address.ts";
import { answerClusterDns, type DnsZone } from "./cluster-dns.ts";
import type { EndpointSlices } from "./endpoint-slices-of.ts";
import { type CachedCluster, type NodeCache, nodeCacheOf } from "./node-local-dns/node-cache.ts";
import { hasFinished, type Pod } from "./pod.ts";

interface NamedCluster extends CachedCluster {
  readonly pods: ReadonlyMap<string, Pod>;
}

/** Dots that a name needs to be asked for as it is first (pkg/kubelet/network/dns, defaultDNSOptions). */
const NDOTS = 5;
const DEFAULT_NDOTS = 1;

interface Resolver {
  readonly server: Address;
  readonly searches: readonly string[];
  readonly ndots: number;
}

/** `/etc/resolv.conf` as the kubelet writes it (pkg/kubelet/network/dns/dns.go); null where it is the node's own, which nobody tells. */
function resolverOf(pod: Pod, clusterDns: Address | null, domain: string): Resolver | null {
  const { policy, nameservers, searches, ndots } = pod.dns;
  const ofCluster = policy === "ClusterFirst" ? pod.hostNetwork !== true : policy === "ClusterFirstWithHostNet";
  if (!ofCluster && policy !== "None") return null;
  const server = ofCluster ? (clusterDns ?? nameservers[0]) : nameservers[0];
  if (server === undefined) return null;
  const namespace = pod.metadata.namespace ?? "default";
  const own = ofCluster ? [`${namespace}.svc.${domain}`, `svc.${domain}`, domain] : [];
  return { server, searches: [...new Set([...own, ...searches])], ndots: ndots ?? (ofCluster ? NDOTS : DEFAULT_NDOTS) };
}

/** The names that a resolver asks for, in order (resolv.conf(5), search and ndots). */
function candidates(name: string, { searches, ndots }: Resolver): readonly string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const searched = searches.map((suffix) => `${name}.${suffix}`);
  return name.split(".").length - 1 >= ndots ? [name, ...searched] : [...searched, name];
}

/** Names that lead to names end after so many. */
const ALIASES = 8;

/** Addresses of both families, those of the first one first; null where the cluster's DNS asks servers elsewhere. */
function addressesOf(zone: DnsZone, name: string, aliases = ALIASES): NameQuery["addresses"] {
  const answers = (["A", "AAAA"] as const).map((type) => answerClusterDns(zone, name, type));
  // no server of the internet's knows a name without a dot
  if (answers.some(({ code }) => code === "REFUSED")) return name.includes(".") ? null : [];
  const records = answers.flatMap((answer) => answer.records);
  const alias = records.find(({ type }) => type === "CNAME");
  if (alias !== undefined) return aliases === 0 ? [] : addressesOf(zone, alias.data, aliases - 1);
  return records.flatMap(({ data }) => parseAddress(data) ?? []);
}

/** How the pods of a cluster find the addresses of names: of CoreDNS, which answers from its Services and their endpoints. */
export function clusterNames(cluster: NamedCluster, slices: () => EndpointSlices): NameService {
  const { settings, services, pods } = cluster;
  const clusterDns = settings.clusterDns ?? services.get("kube-system/kube-dns")?.clusterIPs[0] ?? null;
  const caches = once(() => cachesByNode(cluster));
  let zone: DnsZone | null = null;
  return (host, name): NameLookup | null => {
    const pod = host.startsWith("pod/") ? pods.get(host.slice("pod/".length)) : undefined;
    const resolver = pod === undefined ? null : resolverOf(pod, clusterDns, settings.dnsDomain);
    if (resolver === null) return null;
    // kubeadm's Corefile has `pods insecure`
    zone ??= { services, slices: slices(), domain: settings.dnsDomain, podNames: true };
    const queries: NameQuery[] = [];
    for (const asked of candidates(name, resolver)) {
      const addresses = addressesOf(zone, asked);
      queries.push({ name: asked, addresses });
      if (addresses === null || addresses.length > 0) break;
    }
    const { server } = resolver;
    const forwarderAt = (asked: string): NameForwarder | null =>
      caches()
        .get(asked)
        ?.find(({ options }) => options.addresses.some((address) => sameAddress(address, server)))?.forwarder ?? null;
    return { server, queries, forwarderAt };
  };
}

function cachesByNode(cluster: NamedCluster): ReadonlyMap<string, readonly NodeCache[]> {
  const caches = new Map<string, NodeCache[]>();
  for (const pod of cluster.pods.values()) {
    const cache = pod.nodeName === null || hasFinished(pod) ? null : nodeCacheOf(pod, cluster);
    if (cache === null || pod.nodeName === null) continue;
    caches.set(pod.nodeName, [...(caches.get(pod.nodeName) ?? []), cache]);
  }
  return caches;
}
