import { addressAt } from "../../calico/ipam/block-store.ts";
import type { IPAMBlock } from "../../calico/ipam/ipam-block.ts";
import type { Pod } from "../../kubernetes/pod.ts";
import { formatAddress } from "../../net/address.ts";
import { formatPrefix } from "../../net/prefix.ts";

/** Pods of a cluster that runs already, when its manifests change: they keep their nodes and addresses, and blocks stay with their nodes. */
export interface RunningPods {
  readonly pods: ReadonlyMap<string, Pod>;
  readonly blocks: readonly IPAMBlock[];
  /** By name and namespace: pods that somebody has deleted. */
  readonly deleted: ReadonlySet<string>;
  /** Nodes that pods were started on anew. */
  readonly placed: ReadonlyMap<string, string>;
}

/** The pods that there are now, of those that are declared; new ones are to be given addresses. */
export function podsNow(declared: ReadonlyMap<string, Pod>, running: RunningPods): ReadonlyMap<string, Pod> {
  const now = new Map<string, Pod>();
  for (const [key, pod] of declared) {
    if (running.deleted.has(key)) continue;
    const before = keptPod(key, running);
    const nodeName = running.placed.get(key) ?? before?.nodeName ?? pod.nodeName;
    now.set(key, { ...pod, nodeName, podIPs: before?.podIPs ?? (running.pods.has(key) ? [] : pod.podIPs) });
  }
  return now;
}

/** The pod as it ran, if it is still that one. */
function keptPod(key: string, { pods, deleted, placed }: RunningPods): Pod | undefined {
  const before = pods.get(key);
  const place = placed.get(key);
  return deleted.has(key) || (place !== undefined && place !== before?.nodeName) ? undefined : before;
}

/** Blocks without the addresses of pods that are gone; each goes to the end of its block's queue, as in Calico. */
export function blocksNow(now: ReadonlyMap<string, Pod>, running: RunningPods): ReadonlyMap<string, IPAMBlock> {
  const freed = new Set<string>();
  for (const [key, { podIPs, hostNetwork }] of running.pods) {
    if (hostNetwork === true || (now.has(key) && keptPod(key, running) !== undefined)) continue;
    for (const address of podIPs) freed.add(formatAddress(address));
  }
  return new Map(
    running.blocks.map((block) => [formatPrefix(block.cidr), freed.size === 0 ? block : without(block, freed)]),
  );
}

function without(block: IPAMBlock, freed: ReadonlySet<string>): IPAMBlock {
  const isFreed = (given: number | null, ordinal: number): boolean =>
    given !== null && freed.has(formatAddress(addressAt(block, ordinal)));
  const ordinals = block.allocations.flatMap((given, ordinal) => (isFreed(given, ordinal) ? [ordinal] : []));
  if (ordinals.length === 0) return block;
  const allocations = block.allocations.map((given, ordinal) => (ordinals.includes(ordinal) ? null : given));
  return { ...block, allocations, unallocated: [...block.unallocated, ...ordinals] };
}
