import type { Interface } from "../model/interface.ts";
import { type Address, formatAddress } from "../net/address.ts";
import { drop } from "./endings.ts";
import { neighbourSetting } from "./neighbour-reachability.ts";
import { type Memory, memoryOf } from "./packet-memory.ts";
import type { HostRuntime } from "./runtime.ts";
import type { Skb } from "./skb.ts";

/** What waits for one neighbour (`neigh->arp_queue`), in the order in which it came. */
export interface NeighbourQueue {
  readonly packets: Skb[];
  least: number;
  most: number;
}

export function neighbourQueue(): NeighbourQueue {
  return { packets: [], least: 0, most: 0 };
}

/**
 * __neigh_event_send(): a packet waits; of those before it the oldest are dropped while all together take more memory than
 * `unres_qlen_bytes`. Where it depends on how much each takes the answer branches: all take as little as they can, or as much.
 */
export function waitInQueue(
  runtime: HostRuntime,
  skb: Skb,
  queue: NeighbourQueue,
  { device, nextHop }: { readonly device: Interface; readonly nextHop: Address },
): void {
  const { packets } = queue;
  const own = memoryOf(skb);
  if (packets.length > 0) {
    const room = roomOf(runtime, device, nextHop);
    while (packets.length > 0 && !fits(runtime, device, nextHop, queue, own, room)) {
      const oldest = packets.shift();
      if (oldest === undefined) break;
      forget(queue, oldest);
      const text = `more packets than have room wait for the MAC address of ${formatAddress(nextHop)}, and it is the oldest of them`;
      drop(runtime, oldest, "NEIGH_QUEUEFULL", null, text);
    }
  }
  packets.push(skb);
  queue.least += own.least;
  queue.most += own.most;
}

function forget(queue: NeighbourQueue, skb: Skb): void {
  const { least, most } = memoryOf(skb);
  queue.least -= least;
  queue.most -= most;
}

function fits(
  runtime: HostRuntime,
  device: Interface,
  nextHop: Address,
  { least, most }: NeighbourQueue,
  own: Memory,
  room: number,
): boolean {
  if (most + own.most <= room) return true;
  if (least + own.least > room) return false;
  const { name } = runtime.host;
  const who = formatAddress(nextHop);
  const taken = runtime.services.choose({
    kind: "unknown",
    code: "neighbour-queue",
    variable: `${name} ${device.name} memory of what waits for ${who}`,
    question: `how much memory do the packets take that wait on ${name} for the MAC address of ${who}? it has ${room} bytes for them, and drops the oldest of what is more`,
    alternatives: [
      { label: "as little as such packets can", probability: 0 },
      { label: "as much as such packets can", probability: 0 },
    ],
    command: `ip -s neigh; sysctl net.ipv${nextHop.family}.neigh.${device.name}.unres_qlen_bytes`,
  });
  return taken === 0;
}

/** Of `net.ipv4.neigh.DEV.unres_qlen_bytes`, and of each packet that `unres_qlen`, the older way to set it, asks for (measured). */
const DEFAULT_ROOM = 212_992;
const ROOM_OF_ONE = 2090;

function roomOf(runtime: HostRuntime, { name }: Interface, { family }: Address): number {
  const ofNeighbour = (setting: string, fallback: number): number =>
    neighbourSetting(runtime, name, family, setting, fallback);
  const packets = ofNeighbour("unres_qlen", -1);
  return ofNeighbour("unres_qlen_bytes", packets < 0 ? DEFAULT_ROOM : packets * ROOM_OF_ONE);
}
