import type { HostRuntime } from "../linux/runtime.ts";
import type { Host } from "../model/host.ts";
import type { Interface } from "../model/interface.ts";
import type { Link, LinkDrop } from "../model/link.ts";
import { formatSource, sourceOf } from "../model/origin.ts";
import { type Address, formatAddress, isLinkLocal, isMulticast, isUnspecified, sameAddress } from "../net/address.ts";
import type { Packet } from "../net/packet.ts";
import { formatProtocol } from "../net/protocol.ts";
import type { World } from "./world.ts";

/**
 * Why the fabric takes nothing of this packet from the machine that sends it; null when it does. These are rules of clouds and
 * of switches (EC2's source/destination check, Azure's IP forwarding, a network that carries no protocol 4), not of Linux.
 */
export function refusedBySender(
  world: World,
  link: Link,
  runtime: HostRuntime,
  device: Interface,
  packet: Packet,
): string | null {
  if (link.drops === undefined) return null;
  for (const rule of link.drops) {
    if (rule.foreignDestination || !concerns(rule, runtime.host, device, packet)) continue;
    if (!rule.foreignSource || !owns(runtime.host, device, packet.src)) {
      return told(
        world,
        link,
        rule,
        rule.foreignSource ? `${formatAddress(packet.src)} is no address of ${runtime.host.name}` : kindOf(packet),
      );
    }
  }
  return null;
}

/** The same for the machine that it would come to: rules about destinations are held against that one. */
export function refusedByReceiver(
  world: World,
  link: Link,
  receiver: { readonly runtime: HostRuntime; readonly device: Interface },
  packet: Packet,
): string | null {
  if (link.drops === undefined || isMulticast(packet.dst)) return null;
  const { host } = receiver.runtime;
  for (const rule of link.drops) {
    if (!rule.foreignDestination || !concerns(rule, host, receiver.device, packet)) continue;
    if (owns(host, receiver.device, packet.dst)) continue;
    return told(world, link, rule, `${formatAddress(packet.dst)} is no address of ${host.name}`);
  }
  return null;
}

function concerns(rule: LinkDrop, host: Host, device: Interface, packet: Packet): boolean {
  if (rule.except.has(host.name) || rule.except.has(`${host.name}:${device.name}`)) return false;
  if (rule.protocol !== null && rule.protocol !== packet.protocol) return false;
  return rule.port === null || rule.port === packet.dport;
}

/** Whether the address is on the device, or on one that stands on it: its bridge or bond, its VLANs. */
function owns(host: Host, device: Interface, address: Address): boolean {
  if (isLinkLocal(address) || isUnspecified(address)) return true;
  const has = (one: Interface | undefined): boolean =>
    one?.addresses.some((own) => sameAddress(own.address, address)) === true;
  if (has(device) || (device.master !== null && has(host.interfaces.get(device.master)))) return true;
  for (const one of host.interfaces.values()) if (one.lower === device.name && has(one)) return true;
  return false;
}

function kindOf(packet: Packet): string {
  return `protocol ${formatProtocol(packet.protocol)}${packet.dport === 0 ? "" : ` to port ${packet.dport}`}`;
}

function told(world: World, link: Link, rule: LinkDrop, why: string): string {
  const place = formatSource(sourceOf(world.network.origins, rule.origin));
  return `${link.name} does not carry it: ${why}${place === "" ? "" : ` (${place})`}`;
}
