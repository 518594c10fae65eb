import { type Interface, interfaceAddress, networkInterface } from "../../model/interface.ts";
import { type OriginTable, originOfField } from "../../model/origin.ts";
import type { RestoreHook, RestoreRule, RestoreTable } from "../../model/restore-table.ts";
import type { ListeningSocket } from "../../model/socket.ts";
import { type Family, formatAddress } from "../../net/address.ts";
import { addressBits } from "../../net/prefix.ts";
import type { Pod } from "../pod.ts";
import { type CachedCluster, type NodeCache, nodeCacheOf } from "./node-cache.ts";

/** What NodeLocal DNSCache makes on a node. */
export interface NodeCacheState {
  readonly interfaces: readonly Interface[];
  readonly ipv4: readonly RestoreTable[];
  readonly ipv6: readonly RestoreTable[];
  readonly sockets: readonly ListeningSocket[];
}

const NOTHING: NodeCacheState = { interfaces: [], ipv4: [], ipv6: [], sockets: [] };

/** @param firstIndex of its devices */
export function nodeCachesOnNode(
  pods: readonly Pod[],
  cluster: CachedCluster,
  origins: OriginTable,
  firstIndex: number,
): NodeCacheState {
  const caches = pods.flatMap((pod) => {
    const cache = nodeCacheOf(pod, cluster);
    return cache === null ? [] : [{ cache, origin: originOfField(origins, pod.metadata.origin, cache.options.field) }];
  });
  if (caches.length === 0) return NOTHING;
  const tables = (family: Family): readonly RestoreTable[] =>
    caches.flatMap(({ cache, origin }) => tablesOf(cache, family, origin));
  return {
    interfaces: caches.flatMap(({ cache, origin }, i) => deviceOf(cache, origin, firstIndex + i) ?? []),
    ipv4: tables(4),
    ipv6: tables(6),
    sockets: caches.flatMap(({ cache, origin }) =>
      cache.sockets.map(
        ({ protocol, address, port }): ListeningSocket => ({
          protocol,
          address,
          family: address === null ? null : address.family,
          port,
          interface: null,
          process: "node-cache",
          certainty: "declared",
          origin,
        }),
      ),
    ),
  };
}

/** A dummy that nobody sets up (pkg/netif/netif.go): the kernel answers for the addresses of a device that is down. */
function deviceOf({ options, hasDevice }: NodeCache, origin: number, index: number): Interface | null {
  if (!hasDevice || options.device === null) return null;
  return networkInterface({
    name: options.device,
    index,
    kind: "dummy",
    up: false,
    carrier: false,
    noArp: true,
    addresses: options.addresses.map((address) =>
      interfaceAddress({ address, prefixLength: addressBits(address.family), origin }),
    ),
    origin,
  });
}

const UNTRACKED = '-m comment --comment "NodeLocal DNS Cache: skip conntrack" -j NOTRACK';
const ALLOWED = '-m comment --comment "NodeLocal DNS Cache: allow DNS traffic" -j ACCEPT';

/** Whether a rule's comment is NodeLocal DNSCache's. */
export function isNodeCacheComment(text: string): boolean {
  return text.startsWith("NodeLocal DNS Cache: ");
}

type Placed = readonly [table: "raw" | "filter", chain: RestoreHook["chain"], text: string];

/** initIptables() in cmd/node-cache/app/cache_app.go; each rule is put before those that were there. */
function tablesOf({ options, hasRules }: NodeCache, family: Family, origin: number): readonly RestoreTable[] {
  if (!hasRules) return [];
  const placed = options.addresses.flatMap((address): readonly Placed[] => {
    if (address.family !== family) return [];
    const own = `${formatAddress(address)}/${addressBits(family)}`;
    const to = (protocol: string, port: number): string => `-d ${own} -p ${protocol} -m ${protocol} --dport ${port}`;
    const from = (protocol: string, port: number): string => `-s ${own} -p ${protocol} -m ${protocol} --sport ${port}`;
    const { port, healthPort } = options;
    const both = (make: (protocol: string) => Placed): readonly Placed[] => ["tcp", "udp"].map(make);
    return [
      ...both((protocol) => ["raw", "PREROUTING", `${to(protocol, port)} ${UNTRACKED}`]),
      ...both((protocol) => ["filter", "INPUT", `${to(protocol, port)} ${ALLOWED}`]),
      ...both((protocol) => ["raw", "OUTPUT", `${from(protocol, port)} ${UNTRACKED}`]),
      ...both((protocol) => ["filter", "OUTPUT", `${from(protocol, port)} ${ALLOWED}`]),
      ...both((protocol) => ["raw", "OUTPUT", `${to(protocol, port)} ${UNTRACKED}`]),
      ["raw", "OUTPUT", `${to("tcp", healthPort)} ${UNTRACKED}`],
      ["raw", "OUTPUT", `${from("tcp", healthPort)} ${UNTRACKED}`],
    ];
  });
  return (["raw", "filter"] as const).flatMap((name): readonly RestoreTable[] => {
    const hooks = (["PREROUTING", "INPUT", "OUTPUT"] as const).flatMap((chain): readonly RestoreHook[] => {
      const rules = placed
        .filter(([table, where]) => table === name && where === chain)
        .map(([, , text]): RestoreRule => ({ text, origin }))
        .reverse();
      return rules.length === 0 ? [] : [{ chain, mode: "insert", rules }];
    });
    return hooks.length === 0 ? [] : [{ name, hooks, chains: [] }];
  });
}
