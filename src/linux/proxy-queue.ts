import type { Interface } from "../model/interface.ts";
import { type Address, formatAddress } from "../net/address.ts";
import { neighbourSetting } from "./neighbour-reachability.ts";
import type { HostRuntime } from "./runtime.ts";

/** A question whose answer is put off, and the seconds between which it is given. */
interface PutOff {
  readonly soonest: number;
  readonly latest: number;
}

/** What waits on one device for its answer (`tbl->proxy_queue`, counted by `parms->qlen`). */
export interface ProxyQueue {
  waiting: PutOff[];
  /** When somebody first asked, by asker and address. */
  readonly firstAsked: Map<string, number>;
}

/** Seconds in which an asker with the kernel's defaults waits for an answer. */
const ASKED_FOR = 3;

/**
 * pneigh_enqueue() (net/core/neighbour.c): who stands in for another answers a question to all only after a draw of up to `proxy_delay`
 * (USER_HZ), and each of the asker's questions anew; while more than `proxy_qlen` wait on a device, it takes none. False: the answer to
 * this question does not come before the asker has given up. Where it depends on when those before are answered whether there is room, the
 * answer branches.
 */
export function answersLater(runtime: HostRuntime, device: Interface, sender: Address, target: Address): boolean {
  const { family } = target;
  const longest = neighbourSetting(runtime, device.name, family, "proxy_delay", 80) / 100;
  if (longest <= 0) return true;
  const queue = queueOf(runtime, device, family);
  const now = runtime.services.now();
  const question = `${formatAddress(sender)} ${formatAddress(target)}`;
  const before = queue.firstAsked.get(question);
  const first = before === undefined || now - before > ASKED_FOR ? now : before;
  queue.firstAsked.set(question, first);
  if (!hasRoom(runtime, device, family, queue)) return false;
  const late = Math.max(0, 1 - (ASKED_FOR - (now - first)) / longest);
  const isLate = late > 0 && isTooLate(runtime, device, longest, late);
  const end = now + longest;
  const answered = { soonest: now, latest: Math.min(end, first + ASKED_FOR) };
  queue.waiting.push(isLate ? { soonest: first + ASKED_FOR, latest: end } : answered);
  return !isLate;
}

function queueOf(runtime: HostRuntime, { name }: Interface, family: 4 | 6): ProxyQueue {
  const key = `${name} ${family}`;
  const known = runtime.proxied.get(key);
  if (known !== undefined) return known;
  const queue: ProxyQueue = { waiting: [], firstAsked: new Map() };
  runtime.proxied.set(key, queue);
  return queue;
}

/** Whether no more than `proxy_qlen` wait: one more than that finds room. */
function hasRoom(runtime: HostRuntime, device: Interface, family: 4 | 6, queue: ProxyQueue): boolean {
  const most = neighbourSetting(runtime, device.name, family, "proxy_qlen", 64);
  if (queue.waiting.length <= most) return true;
  const now = runtime.services.now();
  queue.waiting = queue.waiting.filter(({ latest }) => latest > now);
  if (queue.waiting.length <= most) return true;
  if (queue.waiting.filter(({ soonest }) => soonest > now).length > most) return false;
  const { name } = runtime.host;
  const taken = runtime.services.choose({
    kind: "unknown",
    code: "neighbour-queue",
    variable: `${name} ${device.name} proxy_qlen of IPv${family} at ${now}`,
    question: `do more than ${most} questions wait on ${name} ${device.name} to be answered for others? then it takes none`,
    alternatives: [
      { label: "yes: none more is taken", probability: 0 },
      { label: "no, some have been answered", probability: 0 },
    ],
    command: `sysctl net.ipv${family}.neigh.${device.name}.proxy_qlen net.ipv${family}.neigh.${device.name}.proxy_delay`,
  });
  if (taken === 0) return false;
  // As few as must have been answered are taken to have been: what waits never grows beyond what has room.
  queue.waiting.splice(
    queue.waiting.findIndex(({ soonest }) => soonest <= now),
    1,
  );
  return true;
}

/** Whether the draw is one with which the answer comes too late. */
function isTooLate(
  { host: { name }, services }: HostRuntime,
  device: Interface,
  longest: number,
  late: number,
): boolean {
  const taken = services.choose({
    kind: "random",
    variable: `${name} ${device.name} proxy_delay`,
    question: `does ${name} answer for another within ${ASKED_FOR} s? proxy_delay lets it wait up to ${longest} s`,
    alternatives: [
      { label: "it answers", probability: 1 - late },
      { label: "it is too late", probability: late },
    ],
  });
  return taken === 1;
}
