import type { NameForwarder, NameUpstream } from "../../model/name-lookup.ts";
import { type Address, formatAddress, parseAddress, sameAddress } from "../../net/address.ts";
import { TCP, UDP } from "../../net/protocol.ts";
import type { ClusterSettings } from "../cluster-settings.ts";
import { ownValue } from "../field.ts";
import { describeResource } from "../metadata.ts";
import type { Pod } from "../pod.ts";
import type { Service } from "../service.ts";
import { type Directive, readCorefile, type ServerBlock, serverFor } from "./corefile.ts";
import type { NodeCacheOptions } from "./node-cache-options.ts";

/** What decides about the caches of a cluster besides their pods. */
export interface CachedCluster {
  readonly services: ReadonlyMap<string, Service>;
  readonly settings: ClusterSettings;
  /** Where the ConfigMaps are. */
  readonly others: ReadonlyMap<string, { readonly content: unknown }>;
}

export interface CacheSocket {
  readonly protocol: number;
  /** Null: all of the node's. */
  readonly address: Address | null;
  readonly port: number;
}

/** NodeLocal DNSCache as it comes up on its node. */
export interface NodeCache {
  readonly options: NodeCacheOptions;
  /** Why nothing answers there; null: it runs. */
  readonly trouble: string | null;
  readonly hasDevice: boolean;
  readonly hasRules: boolean;
  readonly sockets: readonly CacheSocket[];
  readonly forwarder: NameForwarder;
  /** Its Corefile is not among the objects: taken to be upstream's. */
  readonly isCorefileAssumed: boolean;
}

/** The Corefile of cluster/addons/dns/nodelocaldns/nodelocaldns.yaml (kubernetes/kubernetes), as far as packets show it. */
function usualCorefile(domain: string): string {
  return [
    `${domain}:53 {`,
    "loop",
    "bind LOCAL",
    "forward . CLUSTER {",
    "force_tcp",
    "}",
    "prometheus :9253",
    "}",
  ].join("\n");
}

/** `-metrics-listen-address` */
const OWN_METRICS = 9353;

/**
 * The cache of a pod in a cluster, by cmd/node-cache/app (kubernetes/dns): its device is made first; its rules when CoreDNS has started;
 * CoreDNS does not start where its Corefile names no server, and ends when its questions come back to itself.
 */
export function nodeCacheOf(pod: Pod, cluster: CachedCluster): NodeCache | null {
  const { nodeCache: options, hostNetwork } = pod;
  if (options === undefined) return null;
  const namespace = pod.metadata.namespace ?? "default";
  const before = known.get(options);
  const { services, settings, others } = cluster;
  if (
    before !== undefined &&
    before.services === services &&
    before.settings === settings &&
    before.others === others &&
    before.namespace === namespace &&
    before.hostNetwork === hostNetwork
  )
    return before.cache;
  const cache = settledCache(options, namespace, hostNetwork, cluster);
  known.set(options, { services, settings, others, namespace, hostNetwork, cache });
  return cache;
}

/** The pods of one DaemonSet share their options. */
const known = new WeakMap<
  NodeCacheOptions,
  CachedCluster & { readonly namespace: string; readonly hostNetwork: boolean | null; readonly cache: NodeCache }
>();

function settledCache(
  options: NodeCacheOptions,
  namespace: string,
  hostNetwork: boolean | null,
  cluster: CachedCluster,
): NodeCache {
  const none: NodeCache = {
    options,
    trouble: null,
    hasDevice: false,
    hasRules: false,
    sockets: [],
    forwarder: { upstreams: [] },
    isCorefileAssumed: false,
  };
  if (options.addresses.length === 0) return { ...none, trouble: "its -localip is no list of addresses of one family" };
  if (hostNetwork === false)
    return {
      ...none,
      trouble: "it is not in the network of its node (hostNetwork), where its device and rules belong",
    };
  if (!options.isAdmin && options.device !== null)
    return { ...none, trouble: "it may not make its device (securityContext.capabilities.add: [NET_ADMIN])" };
  const hasDevice = options.device !== null;
  const { configMap } = options;
  const written =
    configMap === null
      ? undefined
      : ownValue(
          ownValue(cluster.others.get(`ConfigMap ${namespace}/${configMap.name}`)?.content, "data"),
          configMap.key,
        );
  const isCorefileAssumed = typeof written !== "string";
  const domain = cluster.settings.dnsDomain;
  const name = `${namespace}/${options.upstreamService}`;
  const upstream = cluster.services.get(name)?.clusterIPs.find(({ family }) => family === options.addresses[0]?.family);
  const text = filled(isCorefileAssumed ? usualCorefile(domain) : written, options, upstream);
  const blocks = readCorefile(text, options.port);
  if (text.includes("<nil>"))
    return {
      ...none,
      hasDevice,
      isCorefileAssumed,
      trouble: `its Corefile gets no address of its -upstreamsvc: there is no ${describeResource("Service", namespace, options.upstreamService)} with a cluster IP`,
    };
  const upstreams = upstreamsFor(blocks, domain);
  const own = upstreams.find((one) => options.addresses.some((address) => sameAddress(address, one.address)));
  const hasRules = options.setsUpRules;
  if (own !== undefined)
    return {
      ...none,
      hasDevice,
      hasRules,
      isCorefileAssumed,
      trouble: `it sends the cluster's names to ${formatAddress(own.address)}, where it answers itself`,
    };
  return {
    ...none,
    hasDevice,
    hasRules,
    isCorefileAssumed,
    sockets: socketsOf(blocks, options),
    forwarder: { upstreams },
  };
}

/** What cmd/node-cache/app/configmap.go puts in place of its variables; the names of the assumed Corefile are ours. */
function filled(corefile: string, { addresses }: NodeCacheOptions, upstream: Address | undefined): string {
  const local = addresses.map(formatAddress).join(" ");
  const cluster = upstream === undefined ? "<nil>" : formatAddress(upstream);
  return corefile
    .replaceAll("__PILLAR__UPSTREAM__SERVERS__", "/etc/resolv.conf")
    .replaceAll(/__PILLAR__CLUSTER__DNS__|(?<=forward \. )CLUSTER\b/g, cluster)
    .replaceAll(/__PILLAR__LOCAL__DNS__|(?<=bind )LOCAL\b/g, local)
    .replaceAll("__PILLAR__DNS__SERVER__", "");
}

/** Whom the server for the cluster's names asks; none: servers elsewhere, or nobody. */
function upstreamsFor(blocks: readonly ServerBlock[], domain: string): readonly NameUpstream[] {
  const forward = serverFor(blocks, domain)?.plugins.find(({ name }) => name === "forward");
  if (forward === undefined) return [];
  const protocol = forward.body.some(({ name }) => name === "force_tcp") ? TCP : UDP;
  return forward.arguments.slice(1).flatMap((written) => {
    const end = endOf(written.replace(/^dns:\/\//, ""), 53);
    return end === null || end.address === null ? [] : [{ address: end.address, port: end.port, protocol }];
  });
}

/** `10.0.0.1`, `10.0.0.1:53`, `[fd00::1]:53`, `:9253`; null for what is no end. */
function endOf(written: string, port: number): Pick<CacheSocket, "address" | "port"> | null {
  const whole = parseAddress(written);
  if (whole !== null) return { address: whole, port };
  const found = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(written);
  if (found === null) return null;
  const host = found[1] ?? found[2] ?? "";
  const address = host === "" ? null : parseAddress(host);
  return host !== "" && address === null ? null : { address, port: Number(found[3]) };
}

/** Plugins that listen, and where without an argument (coredns/plugin/health, ready, metrics). */
const LISTENERS: ReadonlyMap<string, string> = new Map([
  ["health", ":8080"],
  ["ready", ":8181"],
  ["prometheus", "127.0.0.1:9153"],
]);

function socketsOf(blocks: readonly ServerBlock[], options: NodeCacheOptions): readonly CacheSocket[] {
  const sockets = new Map<string, CacheSocket>();
  const add = (protocol: number, address: Address | null, port: number): void => {
    const key = `${protocol} ${address === null ? "*" : formatAddress(address)} ${port}`;
    if (!sockets.has(key)) sockets.set(key, { protocol, address, port });
  };
  for (const { zones, plugins } of blocks) {
    const bound = plugins.filter(({ name }) => name === "bind").flatMap((one) => boundAddresses(one));
    for (const { port } of zones)
      for (const address of bound.length === 0 ? [null] : bound)
        for (const protocol of [UDP, TCP]) add(protocol, address, port);
    for (const { name, arguments: given } of plugins) {
      const usual = LISTENERS.get(name);
      const end = usual === undefined ? null : endOf(given[0] ?? usual, 0);
      if (end !== null) add(TCP, end.address, end.port);
    }
  }
  // upstream's Corefile has it at the first of the addresses
  if (!blocks.some(({ plugins }) => plugins.some(({ name }) => name === "health")))
    add(TCP, options.addresses[0] ?? null, options.healthPort);
  add(TCP, null, OWN_METRICS);
  return [...sockets.values()];
}

function boundAddresses({ arguments: given }: Directive): readonly Address[] {
  return given.flatMap((written) => parseAddress(written) ?? []);
}
