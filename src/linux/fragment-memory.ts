import type { Family } from "../net/address.ts";
import { quietSysctl } from "./device-settings.ts";
import type { Memory } from "./packet-memory.ts";
import type { DefragUser, FragmentQueue } from "./reassembly.ts";
import type { HostRuntime } from "./runtime.ts";

/** Whose memory fragments are counted in (`struct fqdir`): IPv4, IPv6 for this host, IPv6 in connection tracking. */
export type FragmentPool = "4" | "6" | "tracked6";

/** Bytes that may be in use when a fragment comes. */
const SETTINGS = {
  "4": "net.ipv4.ipfrag_high_thresh",
  "6": "net.ipv6.ip6frag_high_thresh",
  tracked6: "net.netfilter.nf_conntrack_frag6_high_thresh",
} as const satisfies Readonly<Record<FragmentPool, string>>;

/** 4 MiB (ipv4_frags_init_net(), ipv6_frags_init_net(), nf_ct_net_init()). */
const DEFAULT_ROOM = 4_194_304;

/** What a queue takes without fragments: measured 200 bytes in IPv4, 184 in IPv6, by Linux 6.18; other kernels have other fields. */
export const EMPTY_QUEUE: Memory = { least: 160, most: 240 };

/** Where the fragments go that are gathered for somebody. */
export function poolOf(family: Family, user: DefragUser): FragmentPool {
  if (family === 4) return "4";
  return user === "local-deliver" ? "6" : "tracked6";
}

/**
 * inet_frag_find() (net/ipv4/inet_fragment.c): whether a fragment is taken to the others. None is while those that wait take more than
 * `high_thresh`, be they its own datagram's, and none ever where that is 0. Where it depends on how much each takes the answer branches.
 */
export function hasRoomFor(runtime: HostRuntime, pool: FragmentPool): boolean {
  const key = SETTINGS[pool];
  const room = quietSysctl(runtime, key, DEFAULT_ROOM);
  if (room === 0) return false;
  const used = runtime.fragmentMemory.get(pool);
  if (used === undefined || used.most <= room) return true;
  if (used.least > room) return false;
  const { name } = runtime.host;
  const taken = runtime.services.choose({
    kind: "unknown",
    code: "fragment-memory",
    variable: `${name} memory of fragments in ${key}`,
    question: `how much memory do the fragments take that wait on ${name}? it takes no more of them beyond ${room} bytes (${key})`,
    alternatives: [
      { label: "as little as such packets can", probability: 0 },
      { label: "as much as such packets can", probability: 0 },
    ],
    command: `sysctl ${key}; cat /proc/net/sockstat /proc/net/sockstat6`,
  });
  return taken === 0;
}

/** add_frag_mem_limit() */
export function holdMemory({ fragmentMemory }: HostRuntime, queue: FragmentQueue, { least, most }: Memory): void {
  const used = fragmentMemory.get(queue.pool) ?? NOTHING;
  fragmentMemory.set(queue.pool, { least: used.least + least, most: used.most + most });
  queue.memory = { least: queue.memory.least + least, most: queue.memory.most + most };
}

/** sub_frag_mem_limit(), when a queue ends. */
export function releaseMemory({ fragmentMemory }: HostRuntime, { pool, memory }: FragmentQueue): void {
  const used = fragmentMemory.get(pool) ?? NOTHING;
  fragmentMemory.set(pool, { least: used.least - memory.least, most: used.most - memory.most });
}

const NOTHING: Memory = { least: 0, most: 0 };
