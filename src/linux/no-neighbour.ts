import type { Interface } from "../model/interface.ts";
import type { Address, Family } from "../net/address.ts";
import { DEST_UNREACHABLE, HOST_UNREACHABLE, V6_ADDRESS_UNREACHABLE, V6_DEST_UNREACHABLE } from "../net/icmp.ts";
import { sendIcmpError } from "./icmp.ts";
import { askAgain, unansweredKey } from "./neighbour.ts";
import { type NeighbourQueue, neighbourQueue, waitInQueue } from "./neighbour-queue.ts";
import { solicitations } from "./neighbour-reachability.ts";
import { type Ending, type HostRuntime, PLAIN_ENDING } from "./runtime.ts";
import type { Skb } from "./skb.ts";
import { transmitFrame } from "./transmit.ts";

/** What waits for one neighbour's answer (NUD_INCOMPLETE). */
export interface Unanswered {
  readonly device: Interface;
  readonly nextHop: Address;
  /** All of them go when one of the questions is answered. */
  readonly queue: NeighbourQueue;
  questions: number;
}

/** arp_error_report() names a reason, ndisc_error_report() none. */
const FAILED: Readonly<Record<Family, Ending>> = {
  4: {
    ...PLAIN_ENDING,
    outcome: "unresolved",
    reason: "NEIGH_FAILED",
    text: "no answer for the next hop's MAC address",
  },
  6: { ...PLAIN_ENDING, outcome: "unresolved", text: "no answer for the next hop's MAC address" },
};

/**
 * __neigh_event_send(): a packet waits for a neighbour that has not answered the first question. Others follow, `retrans_time_ms` apart;
 * after `mcast_solicit` of them in vain everybody who sent what waits is told (arp_error_report(), ndisc_error_report()).
 */
export function noNeighbour(runtime: HostRuntime, skb: Skb, device: Interface, nextHop: Address): void {
  runtime.services.hold(runtime, skb, FAILED[nextHop.family]);
  const key = unansweredKey(device, nextHop);
  const waiting = runtime.unanswered.get(key);
  if (waiting !== undefined) {
    waitInQueue(runtime, skb, waiting.queue, waiting);
    return;
  }
  const made: Unanswered = { device, nextHop, queue: neighbourQueue(), questions: 1 };
  waitInQueue(runtime, skb, made.queue, made);
  runtime.unanswered.set(key, made);
  waitForAnswer(runtime, key, made);
}

function waitForAnswer(runtime: HostRuntime, key: string, waiting: Unanswered): void {
  const { between } = solicitations(runtime, waiting.device.name, waiting.nextHop.family);
  runtime.services.after(between, noAnswer, [runtime, key, waiting]);
}

/** neigh_timer_handler(): the time for an answer is over. */
function noAnswer(runtime: HostRuntime, key: string, waiting: Unanswered): void {
  const { device, nextHop, queue } = waiting;
  const [first] = queue.packets;
  if (first === undefined || runtime.unanswered.get(key) !== waiting) return;
  const { atMost } = solicitations(runtime, device.name, nextHop.family);
  const found = askAgain(runtime, first, device, nextHop, waiting.questions < atMost);
  if (found === null && waiting.questions < atMost) {
    waiting.questions++;
    return waitForAnswer(runtime, key, waiting);
  }
  runtime.unanswered.delete(key);
  for (const skb of queue.packets) {
    if (found === null) giveUp(runtime, skb, nextHop);
    else goOn(runtime, skb, device, found);
  }
}

function goOn(runtime: HostRuntime, skb: Skb, device: Interface, mac: string): void {
  skb.destinationMac = mac;
  skb.sourceMac = runtime.services.macOf(runtime, device);
  transmitFrame(runtime, device, skb);
}

function giveUp(runtime: HostRuntime, skb: Skb, nextHop: Address): void {
  const failed = FAILED[nextHop.family];
  const { reason, text } = failed;
  if (runtime.observer !== null) runtime.observer.step({ kind: "drop", runtime, skb, reason, text });
  runtime.services.end(runtime, skb, failed);
  if (skb.packet.src.family === 6) sendIcmpError(runtime, skb, V6_DEST_UNREACHABLE, V6_ADDRESS_UNREACHABLE, 0);
  else sendIcmpError(runtime, skb, DEST_UNREACHABLE, HOST_UNREACHABLE, 0);
}
