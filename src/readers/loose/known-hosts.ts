import type { Cluster } from "../../calico/cluster.ts";
import { formatAddress, parseAddress } from "../../net/address.ts";

/** Names and addresses that hosts are known by before any loose dump is placed. */
export interface KnownHosts {
  readonly cluster: Cluster;
  /** The host that a name stands for: a node by its name, its hostname, or the first part of either; else null. */
  named(name: string): string | null;
  /** Every name a host is known by, longest first, with the host. */
  readonly names: readonly (readonly [string, string])[];
  /** Hosts by address; null for an address that two have. */
  readonly byAddress: ReadonlyMap<string, string | null>;
}

/** `machines`: hosts whose folders a snapshot has. */
export function knownHosts(cluster: Cluster, machines: Iterable<string>): KnownHosts {
  const names = new Map<string, string | null>();
  const add = (name: string, host: string): void => {
    if (name === "") return;
    const earlier = names.get(name);
    names.set(name, earlier === undefined || earlier === host ? host : null);
  };
  for (const [name, node] of cluster.nodes) {
    add(name, name);
    add(node.metadata.labels.get("kubernetes.io/hostname") ?? "", name);
  }
  for (const name of cluster.calicoNodes.keys()) add(name, name);
  for (const machine of machines) add(machine.replace(/^host\//, ""), machine);
  // `worker-1` for `worker-1.example.com`, where that is not the name of another
  for (const [name, host] of [...names]) {
    const short = name.split(".")[0] ?? "";
    if (host !== null && !names.has(short)) names.set(short, host);
    else if (host !== null && short !== name && names.get(short) !== host) names.set(short, names.get(short) ?? null);
  }
  const byAddress = new Map<string, string | null>();
  const addAddress = (address: string, host: string): void => {
    const earlier = byAddress.get(address);
    byAddress.set(address, earlier === undefined || earlier === host ? host : null);
  };
  for (const [name, node] of cluster.nodes) {
    const own = [...node.internalIPs, node.calicoIPv4?.address, node.calicoIPv6?.address];
    for (const address of own) if (address) addAddress(formatAddress(address), name);
  }
  for (const [name, node] of cluster.calicoNodes) {
    for (const own of [node.ipv4?.address, node.ipv6?.address]) if (own) addAddress(formatAddress(own), name);
  }
  return {
    cluster,
    named: (name) => names.get(name) ?? names.get(name.split(".")[0] ?? "") ?? null,
    names: [...names]
      .flatMap(([name, host]) => (host === null ? [] : [[name, host] as const]))
      .sort(([x], [y]) => y.length - x.length || (x < y ? -1 : 1)),
    byAddress,
  };
}

/** Patterns of a machine's own addresses in its dumps. */
const OWN_ADDRESSES: readonly RegExp[] = [
  /^\s+inet6? ([\da-fA-F.:]+)/gm,
  /"local": *"([^"]+)"/g,
  /\bsrc ([\da-fA-F.:]+)(?= |$)/gm,
  /"prefsrc": *"([^"]+)"/g,
  /^local ([\da-fA-F.:]+) /gm,
  /^router id ([\d.]+)/gm,
];

/** Addresses that many machines have. */
const SHARED = /^(?:127\.|169\.254\.|::1$|fe80:|172\.17\.0\.1$)/;

/** So much of a dump is searched for addresses. */
const SAMPLE = 200_000;

/** The addresses that a dump of interfaces or routes says are the machine's own. */
export function ownAddresses(stem: string, text: string): ReadonlySet<string> {
  const found = new Set<string>();
  if (!/^(?:ip-addr|ip-route|route|bird$|ifconfig)/.test(stem)) return found;
  const sample = text.trimStart().slice(0, SAMPLE);
  for (const pattern of OWN_ADDRESSES) {
    for (const [, text = ""] of sample.matchAll(pattern)) {
      const address = parseAddress(text);
      const plain = address === null ? null : formatAddress(address);
      if (plain !== null && !SHARED.test(plain)) found.add(plain);
    }
  }
  return found;
}
