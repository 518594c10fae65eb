import { arpRequest, hearArp } from "../linux/arp.ts";
import { frameChainsOf } from "../linux/compiled-host.ts";
import type { HostRuntime } from "../linux/runtime.ts";
import type { Interface, InterfaceKind } from "../model/interface.ts";
import type { Address } from "../net/address.ts";
import { crowdOf } from "./crowd.ts";
import { linkOf } from "./topology.ts";
import { askedOf, awake } from "./wire.ts";
import type { World } from "./world.ts";

/** Devices that put a frame onto their link as it is. */
const PLAIN: ReadonlySet<InterfaceKind> = new Set(["physical", "veth"]);

/**
 * Asks a segment of many for a MAC address where nothing can become of the frames on their way: one member alone is concerned, behind none
 * there is anybody else, and no chain sees ARP. What the question and the answer do to both ends is done without frames. Only where
 * ways are remembered; a World in which each packet is walked sends them (`askLink`). Null: they have to be sent. Else whether the question
 * also went to machines that nobody dumped.
 */
export function askCrowd(
  world: World,
  runtime: HostRuntime,
  device: Interface,
  target: Address,
  sender: Address | null,
): boolean | null {
  const link = world.noting === undefined ? null : linkOf(world.topology, runtime.host.name, device.name);
  if (link === null || !passesOn(runtime, device)) return null;
  const crowd = crowdOf(world.network, link);
  if (crowd === null || !crowd.isFlat) return null;
  const asker = crowd.byMac.get(world.services.macOf(runtime, device)) ?? null;
  if (asker === null || asker.host.name !== runtime.host.name || asker.device.name !== device.name) return null;
  const question = arpRequest(runtime, device, target, sender);
  const asked = askedOf(world, crowd, question);
  const receivers = asked === null ? [] : awake(world, question, true, asked, runtime, device);
  const only = receivers.length === 1 ? receivers[0] : undefined;
  if (only === undefined || !passesOn(only.runtime, only.device)) return null;
  const answer = hearArp(only.runtime, only.device, question, false);
  if (answer !== null) hearArp(runtime, device, answer, true);
  return !link.closed;
}

/** Whether frames of ARP come and go as they are. */
function passesOn({ compiled }: HostRuntime, { up, carrier, noArp, master, kind }: Interface): boolean {
  return up && carrier && !noArp && master === null && PLAIN.has(kind) && frameChainsOf(compiled) === null;
}
