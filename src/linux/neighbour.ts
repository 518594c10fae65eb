import type { Interface } from "../model/interface.ts";
import { type Address, formatAddress, sameAddress } from "../net/address.ts";
import { isInSubnetOf } from "./confirm-address.ts";
import { arpAnnounce } from "./device-settings.ts";
import { solicitationSource6 } from "./neighbour-discovery.ts";
import { confirmNeighbour, usedNeighbour } from "./neighbour-reachability.ts";
import { findNeighbour, isDumped, setNeighbour } from "./neighbour-table.ts";
import { isLocalAddress } from "./routing/address-type.ts";
import { SCOPE_LINK, selectAddress } from "./routing/source-address.ts";
import type { HostRuntime, Resolution } from "./runtime.ts";
import type { Skb } from "./skb.ts";

/**
 * The MAC address of a next hop: from the cache while it holds one (STALE entries carry packets too, until those that have it do
 * not answer: `neighbour-reachability.ts`), else by asking the link. A FAILED entry is asked for again, as the kernel does.
 */
export function resolveNeighbour(runtime: HostRuntime, skb: Skb, device: Interface, nextHop: Address): Resolution {
  const known = usedNeighbour(runtime, device, nextHop);
  const found =
    known !== null && known.state === "resolved" && known.mac !== null
      ? ({ kind: "mac", mac: known.mac, text: known.text } as const)
      : isWaitedFor(runtime, device, nextHop)
        ? ({ kind: "unresolved", text: `${formatAddress(nextHop)} was asked for and has not answered yet` } as const)
        : ask(runtime, skb, device, nextHop, known !== null && isDumped(known));
  const used = known ?? findNeighbour(runtime.neighbours, device.name, nextHop);
  if (used !== null) {
    used.headerCached = true;
    if (skb.confirms) confirmNeighbour(runtime, device, used);
  }
  if (runtime.observer !== null) {
    runtime.observer.step({ kind: "neighbour", runtime, skb, address: nextHop, text: describe(found) });
  }
  return found;
}

/**
 * The MAC address of a next hop of which nobody has told so far, though it was asked for: null where that is still so. With `asks` the link
 * is asked another time.
 */
export function askAgain(
  runtime: HostRuntime,
  skb: Skb,
  device: Interface,
  nextHop: Address,
  asks: boolean,
): string | null {
  const known = findNeighbour(runtime.neighbours, device.name, nextHop);
  const heard = known?.state === "resolved" ? known.mac : null;
  if (heard !== null || !asks) return heard;
  const found = ask(runtime, skb, device, nextHop, false);
  if (found.kind === "mac" && runtime.observer !== null) {
    runtime.observer.step({ kind: "neighbour", runtime, skb, address: nextHop, text: describe(found) });
  }
  return found.kind === "mac" ? found.mac : null;
}

function describe(found: Resolution): string {
  return found.kind === "mac" ? `${found.mac} (${found.text})` : found.text;
}

function isWaitedFor({ unanswered }: HostRuntime, device: Interface, nextHop: Address): boolean {
  return unanswered.size > 0 && unanswered.has(unansweredKey(device, nextHop));
}

/** NUD_INCOMPLETE: the question, or its answer, goes through rules of this host right now, which make packets of it (TEE). */
export function isAsking({ asking }: HostRuntime, device: Interface, nextHop: Address): boolean {
  return (
    asking.length > 0 && asking.some((one) => one.device.name === device.name && sameAddress(one.nextHop, nextHop))
  );
}

/** What waits for a neighbour that does not answer, by this. */
export function unansweredKey(device: Interface, nextHop: Address): string {
  return `${device.name} ${formatAddress(nextHop)}`;
}

function ask(runtime: HostRuntime, skb: Skb, device: Interface, nextHop: Address, failed: boolean): Resolution {
  if (device.noArp)
    return { kind: "mac", mac: runtime.services.macOf(runtime, device), text: `${device.name} has no ARP` };
  const answer = askFrom(runtime, device, nextHop, solicitationSource(runtime, skb, device, nextHop), failed);
  // The answer sends what waited for it: by then nothing is being duplicated any more.
  runtime.duplicated = null;
  return answer;
}

function askFrom(
  runtime: HostRuntime,
  device: Interface,
  nextHop: Address,
  sender: Address | null,
  failed: boolean,
): Resolution {
  runtime.asking.push({ device, nextHop });
  const answer = runtime.services.resolve(runtime, device, nextHop, sender);
  runtime.asking.pop();
  if (answer.kind === "mac") {
    // ARP has written it down already.
    if (nextHop.family === 4) return answer;
    setNeighbour(runtime.neighbours, device.name, {
      address: nextHop,
      mac: answer.mac,
      state: "resolved",
      text: answer.text,
      updated: runtime.services.now(),
    });
    return answer;
  }
  if (answer.kind === "left" && failed) {
    return { kind: "unresolved", text: "the dump says that this neighbour does not answer" };
  }
  return answer;
}

/** neigh_event_send(): the link is asked for a neighbour that no packet waits for; `unresolved` while that is being done already. */
export function solicitNeighbour(runtime: HostRuntime, device: Interface, nextHop: Address): Resolution {
  if (isAsking(runtime, device, nextHop) || isWaitedFor(runtime, device, nextHop))
    return { kind: "unresolved", text: `${formatAddress(nextHop)} was asked for` };
  return askFrom(runtime, device, nextHop, selectAddress(runtime, device, nextHop, SCOPE_LINK), false);
}

/**
 * arp_solicit(): the packet's own source when it is local (`arp_announce` 1: and on a subnet of the device that holds the
 * next hop; 2: never), else the device's best address.
 */
function solicitationSource(runtime: HostRuntime, skb: Skb, device: Interface, nextHop: Address): Address | null {
  if (nextHop.family === 6) return solicitationSource6(skb, device);
  const { src } = skb.packet;
  if (src.family === nextHop.family && mayAnnounce(runtime, device, src, nextHop)) return src;
  return selectAddress(runtime, device, nextHop, SCOPE_LINK);
}

function mayAnnounce(runtime: HostRuntime, device: Interface, src: Address, nextHop: Address): boolean {
  if (!isLocalAddress(runtime, src)) return false;
  switch (arpAnnounce(runtime, device)) {
    case 1:
      return device.addresses.some((item) => isInSubnetOf(item, nextHop) && isInSubnetOf(item, src));
    case 2:
      return false;
    default:
      return true;
  }
}
