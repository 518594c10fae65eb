import type { Interface } from "../model/interface.ts";
import { type Address, isLoopback, isMulticast, isUnspecified, sameAddress, unspecified } from "../net/address.ts";
import { plainPacket } from "../net/packet.ts";
import { confirmAddress, isInSubnetOf } from "./confirm-address.ts";
import {
  arpAccept,
  arpFilter,
  arpIgnore,
  confKey,
  dropsGratuitousArp,
  forwarding,
  proxyArp,
  proxyArpPvlan,
  quietSysctl,
  routeLocalnet,
} from "./device-settings.ts";
import { BROADCAST_MAC } from "./ethernet.ts";
import { arpPasses } from "./frame-filter.ts";
import { neighbourSetting } from "./neighbour-reachability.ts";
import { findNeighbour, isFixed, setNeighbour } from "./neighbour-table.ts";
import { answersLater } from "./proxy-queue.ts";
import { addressType } from "./routing/address-type.ts";
import { routeInput } from "./routing/input.ts";
import { lookUpRoute } from "./routing/look-up.ts";
import type { HostRuntime } from "./runtime.ts";
import { type ArpMessage, type Skb, skb } from "./skb.ts";
import { transmitFrame } from "./transmit.ts";

/** ARP (net/ipv4/arp.c). Its frames cross bridges and VXLAN as all others do; nobody watches them. */

/** Journey of frames that belong to no packet of a probe. */
const NO_JOURNEY = -1;

function send(runtime: HostRuntime, device: Interface, message: ArpMessage, destinationMac: string): void {
  const frame = skb(plainPacket(message.sender, message.target, 0), NO_JOURNEY);
  frame.arp = message;
  frame.fromKernel = true;
  frame.sourceMac = message.senderMac;
  frame.destinationMac = destinationMac;
  if (arpPasses(runtime, frame, "output")) transmitFrame(runtime, device, frame);
}

/**
 * arp_solicit(): asks everybody on the device's link who has `target`, or only whoever has a MAC address; whoever answers first is
 * remembered.
 */
export function sendArpRequest(
  runtime: HostRuntime,
  device: Interface,
  target: Address,
  sender: Address | null,
  destinationMac: string | null,
): void {
  send(runtime, device, arpRequest(runtime, device, target, sender), destinationMac ?? BROADCAST_MAC);
}

/** The question, from whoever from now on waits for the answer. */
export function arpRequest(
  runtime: HostRuntime,
  device: Interface,
  target: Address,
  sender: Address | null,
): ArpMessage {
  if (findNeighbour(runtime.neighbours, device.name, target) === null) {
    setNeighbour(runtime.neighbours, device.name, {
      address: target,
      mac: null,
      state: "failed",
      text: "INCOMPLETE",
      updated: runtime.services.now(),
    });
  }
  const senderMac = macOf(runtime, device);
  const sentBy = `${runtime.host.name} ${device.name}`;
  return { operation: "request", senderMac, sender: sender ?? unspecified(4), target, sentBy };
}

/** inetdev_send_gratuitous_arp(): a question for an own address, which all on the link hear. */
export function sendGratuitousArp(runtime: HostRuntime, device: Interface, address: Address): void {
  const sentBy = `${runtime.host.name} ${device.name}`;
  const senderMac = macOf(runtime, device);
  send(runtime, device, { operation: "request", senderMac, sender: address, target: address, sentBy }, BROADCAST_MAC);
}

function macOf(runtime: HostRuntime, device: Interface): string {
  return runtime.services.macOf(runtime, device);
}

/** arp_process(): a message arrives; questions about addresses of this host, or that it stands in for, are answered. */
export function receiveArp(runtime: HostRuntime, device: Interface, frame: Skb): void {
  const { arp: message, packetType } = frame;
  if (message === null || device.noArp || packetType === "otherhost" || device.kind === "loopback") return;
  if (!arpPasses(runtime, frame, "input")) return;
  const reply = hearArp(runtime, device, message, packetType === "host");
  if (reply !== null) send(runtime, device, reply, message.senderMac);
}

/** What a message does to a host, and what that answers, to whoever sent it; null: nothing. */
export function hearArp(
  runtime: HostRuntime,
  device: Interface,
  message: ArpMessage,
  toHost: boolean,
): ArpMessage | null {
  const { sender, target, operation } = message;
  if (isMulticast(target) || (isLoopback(target) && !routeLocalnet(runtime, device))) return null;
  if (sameAddress(sender, target) && dropsGratuitousArp(runtime, device)) return null;
  if (operation === "request" && answers(runtime, device, message, toHost)) {
    if (!isUnspecified(sender)) learnFrom(runtime, device, message, true, "STALE");
    const senderMac = macOf(runtime, device);
    const sentBy = `${runtime.host.name} ${device.name}`;
    return { operation: "reply", senderMac, sender: target, target: sender, sentBy };
  }
  learnFrom(runtime, device, message, false, operation === "reply" && toHost ? "REACHABLE" : "STALE");
  return null;
}

/**
 * neigh_update(): permanent entries stay; an answer within `locktime` of another does not replace it, unless it is an announcement. Of those
 * who are not known yet only who asks for this host is learnt, and where `arp_accept` says so whoever announces or answers anything.
 */
function learnFrom(
  runtime: HostRuntime,
  device: Interface,
  message: ArpMessage,
  asked: boolean,
  text: "STALE" | "REACHABLE",
): void {
  const { sender, senderMac, sentBy } = message;
  const known = findNeighbour(runtime.neighbours, device.name, sender);
  if (known === null && !asked && !acceptsStranger(runtime, device, message)) return;
  if (known !== null && isFixed(known)) return;
  const now = runtime.services.now();
  const isKnown = known !== null && known.state === "resolved";
  const isLocked = isKnown && known.mac !== senderMac && !asked && now - known.updated < lockTime(runtime, device);
  if (isLocked && !isGratuitous(runtime, message)) return;
  // A question from an address that is known there already does not make it less reachable.
  if (isKnown && known.mac === senderMac && text === "STALE") return;
  setNeighbour(runtime.neighbours, device.name, {
    address: sender,
    mac: senderMac,
    state: "resolved",
    text: text === "REACHABLE" ? `answered by ${sentBy}` : `learnt from ${sentBy}`,
    updated: now,
    headerCached: known?.headerCached ?? false,
  });
}

/** arp_is_garp() */
function isGratuitous(runtime: HostRuntime, { sender, target }: ArpMessage): boolean {
  return sameAddress(sender, target) && addressType(runtime, sender, null) === "UNICAST";
}

/** arp_accept() */
function acceptsStranger(runtime: HostRuntime, device: Interface, message: ArpMessage): boolean {
  const { operation, sender } = message;
  const mode = arpAccept(runtime, device);
  if (mode !== 1 && !(mode === 2 && device.addresses.some((item) => isInSubnetOf(item, sender)))) return false;
  return isGratuitous(runtime, message) || (operation === "reply" && addressType(runtime, sender, null) === "UNICAST");
}

/** `locktime` (USER_HZ), in seconds. */
function lockTime(runtime: HostRuntime, device: Interface): number {
  return neighbourSetting(runtime, device.name, 4, "locktime", 100) / 100;
}

function answers(runtime: HostRuntime, device: Interface, message: ArpMessage, toHost: boolean): boolean {
  const { sender, target } = message;
  if (isUnspecified(sender)) {
    return addressType(runtime, target, null) === "LOCAL" && !ignores(runtime, device, sender, target);
  }
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
  switch (route.kind) {
    case "deliver":
      if (route.result.kind !== "local" || ignores(runtime, device, sender, target)) return false;
      return !arpFilter(runtime, device) || isWayBack(runtime, device, sender, target);
    case "forward":
      return (
        forwarding(runtime, device, 4) &&
        proxies(runtime, device, target, route.result.output) &&
        (toHost || answersLater(runtime, device, sender, target))
      );
    default:
      return false;
  }
}

/** arp_filter(): whether what this host sends from `target` to `sender` leaves by the device. */
function isWayBack(runtime: HostRuntime, device: Interface, sender: Address, target: Address): boolean {
  const key = { src: target, dst: sender, input: null, output: null, mark: 0, tos: 0, protocol: 0, sport: 0, dport: 0 };
  const route = lookUpRoute(runtime, { ...key, uid: 0 });
  return route.kind !== "error" && route.kind !== "local" && route.output.name === device.name;
}

/** arp_fwd_proxy(), arp_fwd_pvlan() and pneigh_lookup(). */
function proxies(runtime: HostRuntime, device: Interface, target: Address, output: Interface): boolean {
  if (output.name === device.name) return proxyArpPvlan(runtime, device);
  const stands = proxyArp(runtime, device) && liesOnOtherMedium(runtime, device, output);
  return stands || hasProxyEntry(runtime, device, target);
}

/** IN_DEV_MEDIUM_ID, of the devices alone: 0 is on no medium that another one is on, -1 stands in for nobody. */
function liesOnOtherMedium(runtime: HostRuntime, device: Interface, output: Interface): boolean {
  const medium = ({ name }: Interface): number => quietSysctl(runtime, confKey(4, name, "medium_id"), 0);
  const own = medium(device);
  if (own === 0 || own === -1) return own === 0;
  return medium(output) !== own && medium(output) !== -1;
}

function hasProxyEntry(runtime: HostRuntime, device: Interface, target: Address): boolean {
  return runtime.host.neighbours.some(
    (item) => item.proxy && item.interface === device.name && sameAddress(item.address, target),
  );
}

/** arp_ignore(): 1 and 2 answer only for addresses of the device itself, 3 not for those of host scope, 8 never. */
function ignores(runtime: HostRuntime, device: Interface, sender: Address, target: Address): boolean {
  switch (arpIgnore(runtime, device)) {
    case 1:
      return !confirmAddress(runtime, device, null, target, "host");
    case 2:
      return !confirmAddress(runtime, device, sender, target, "host");
    case 3:
      return !confirmAddress(runtime, null, null, target, "link");
    case 8:
      return true;
    default:
      return false;
  }
}
