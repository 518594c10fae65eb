import { receive } from "../linux/forward.ts";
import type { HostRuntime } from "../linux/runtime.ts";
import { skb } from "../linux/skb.ts";
import type { Interface } from "../model/interface.ts";
import type { Packet } from "../net/packet.ts";
import type { Journey } from "./journey.ts";
import { mayConfirm } from "./may-confirm.ts";
import { startJourney } from "./originate.ts";
import { linkOf, others } from "./topology.ts";
import { frameType } from "./wire.ts";
import { arouse, type World } from "./world.ts";

/** A frame arrives on an interface of a host, as from the wire. */
export function inject(
  world: World,
  runtime: HostRuntime,
  device: Interface,
  packet: Packet,
  frame: { readonly sourceMac: string; readonly destinationMac: string | null; readonly mark: number },
): Journey {
  if (world.putOff !== null) arouse(world);
  const journey = startJourney(world, runtime.host.name, packet, "request", null);
  const item = skb(packet, journey.id);
  item.mark = frame.mark;
  item.sourceMac = frame.sourceMac === "" ? onlyNeighbourMac(world, runtime.host.name, device.name) : frame.sourceMac;
  item.destinationMac = frame.destinationMac ?? device.mac ?? "";
  item.packetType = frameType(runtime.host.name, device, item.destinationMac);
  item.confirms = device.kind === "veth" && mayConfirm(packet);
  receive(runtime, device, item);
  return journey;
}

/** On a link of two the frame can only have come from the other end; empty elsewhere. */
function onlyNeighbourMac(world: World, host: string, device: string): string {
  const link = linkOf(world.topology, host, device);
  if (link === null || !link.closed || link.members.length !== 2) return "";
  for (const member of others(link, host, device)) {
    return world.network.hosts.get(member.host)?.interfaces.get(member.interface)?.mac ?? "";
  }
  return "";
}
