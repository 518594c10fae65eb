import type { Interface } from "../model/interface.ts";
import { type Address, isLinkLocal, sameAddress } from "../net/address.ts";
import { arpIgnore, forwarding, proxyArp } from "./device-settings.ts";
import { findNeighbour, setNeighbour } from "./neighbour-table.ts";
import { isLocalAddress } from "./routing/address-type.ts";
import { routeInput } from "./routing/input.ts";
import { SCOPE_LINK, selectAddress } from "./routing/source-address.ts";
import type { HostRuntime, Resolution } from "./runtime.ts";
import type { Skb } from "./skb.ts";

/**
 * The MAC address of a next hop: from the cache while it holds one (STALE entries carry packets too), else by asking
 * the link. A FAILED entry is asked for again, as the kernel does.
 */
export function resolveNeighbour(runtime: HostRuntime, skb: Skb, device: Interface, nextHop: Address): Resolution {
  const known = findNeighbour(runtime.neighbours, device.name, nextHop);
  const found =
    known !== null && known.state === "resolved" && known.mac !== null
      ? ({ kind: "mac", mac: known.mac, text: known.text } as const)
      : ask(runtime, skb, device, nextHop, known !== null);
  if (runtime.observer !== null) {
    runtime.observer.step({ kind: "neighbour", runtime, skb, address: nextHop, text: describe(found) });
  }
  return found;
}

function describe(found: Resolution): string {
  return found.kind === "mac" ? `${found.mac} (${found.text})` : found.text;
}

function ask(runtime: HostRuntime, skb: Skb, device: Interface, nextHop: Address, failed: boolean): Resolution {
  const sender = solicitationSource(runtime, skb, device, nextHop);
  const answer = runtime.services.resolve(runtime, device, nextHop, sender);
  if (answer.kind === "mac") {
    setNeighbour(runtime.neighbours, device.name, {
      address: nextHop,
      mac: answer.mac,
      state: "resolved",
      text: "learned",
    });
    return answer;
  }
  if (answer.kind === "left" && failed) {
    return { kind: "unresolved", text: "the dump says that this neighbour does not answer" };
  }
  return answer;
}

/** arp_solicit() with arp_announce 0: the packet's own source when it is local, else the device's best address. */
function solicitationSource(runtime: HostRuntime, skb: Skb, device: Interface, nextHop: Address): Address | null {
  const { src } = skb.packet;
  if (src.family === nextHop.family && isLocalAddress(runtime, src)) return src;
  return selectAddress(runtime, device, nextHop, SCOPE_LINK);
}

/**
 * arp_process(), ndisc_recv_ns(): whether this host answers a request for `target` that arrives on `device`. The
 * request is routed like a packet, so rp_filter counts; proxy ARP needs forwarding on the interface and a route to the
 * target over another one (kernel.md F3).
 */
export function answersSolicitation(
  runtime: HostRuntime,
  device: Interface,
  target: Address,
  sender: Address | null,
): boolean {
  if (!device.up) return false;
  return target.family === 4
    ? answersArp(runtime, device, target, sender)
    : answersNeighbourSolicitation(runtime, device, target);
}

function answersArp(runtime: HostRuntime, device: Interface, target: Address, sender: Address | null): boolean {
  if (sender === null) return isLocalAddress(runtime, target);
  const route = routeInput(runtime, device, {
    src: sender,
    dst: target,
    protocol: 0,
    sport: 0,
    dport: 0,
    tos: 0,
    mark: 0,
    input: device.name,
    output: null,
    uid: 0,
    packet: null,
  });
  if (route.kind === "deliver") {
    if (route.broadcast) return false;
    return arpIgnore(runtime, device) === 0 || hasAddress(device, target);
  }
  if (route.kind !== "forward" || !forwarding(runtime, device, 4)) return false;
  const elsewhere = route.result.output.name !== device.name;
  return elsewhere && (proxyArp(runtime, device) || hasProxyEntry(runtime, device, target));
}

function answersNeighbourSolicitation(runtime: HostRuntime, device: Interface, target: Address): boolean {
  if (hasAddress(device, target)) return true;
  if (!isLinkLocal(target) && isLocalAddress(runtime, target)) return hasAddress(device, target);
  return forwarding(runtime, device, 6) && hasProxyEntry(runtime, device, target);
}

function hasAddress(device: Interface, target: Address): boolean {
  return device.addresses.some((item) => item.dad === null && sameAddress(item.address, target));
}

function hasProxyEntry(runtime: HostRuntime, device: Interface, target: Address): boolean {
  return runtime.host.neighbours.some(
    (item) => item.proxy && item.interface === device.name && sameAddress(item.address, target),
  );
}
