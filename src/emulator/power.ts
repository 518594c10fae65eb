import type { Host } from "../model/host.ts";
import type { Interface } from "../model/interface.ts";
import type { Network } from "../model/network.ts";
import { becomes } from "./device-events.ts";
import { forget } from "./tcp/send.ts";
import { topologyOf } from "./topology.ts";
import { arouse, changeHost, type World } from "./world.ts";

/** A machine loses its power, or the processes in a namespace end with it: nobody is told, and it takes no frame any more. */
export function powerOff(world: World, name: string): void {
  const host = world.network.hosts.get(name);
  if (host === undefined) return;
  arouse(world);
  for (const connections of [...(world.tcp.connections.get(name)?.values() ?? [])]) {
    for (const connection of [...connections]) {
      connection.events = null;
      forget(world, connection);
    }
  }
  world.tcp.listeners.delete(name);
  world.sockets.delete(name);
  const dark = (device: Interface): Interface => ({ ...device, up: false, carrier: false });
  const interfaces = new Map([...host.interfaces].map(([key, device]) => [key, dark(device)]));
  changeHost(world, name, { ...host, interfaces, routes: [] });
}

/**
 * Other machines, and links between them, from now on: those that are no longer there lose their power first, and new ones come to life when
 * a packet reaches them.
 */
export function changeNetwork(world: World, network: Network): void {
  arouse(world);
  for (const name of world.network.hosts.keys()) {
    if (network.hosts.has(name)) continue;
    powerOff(world, name);
    world.hosts.delete(name);
  }
  world.network = network;
  world.topology = topologyOf(network);
  for (const [name, runtime] of world.hosts) {
    const host = network.hosts.get(name);
    if (host === undefined || host === runtime.host) continue;
    becomes(runtime, host);
  }
}

/** It comes up as `host`, and knows nothing of before: no connection, no neighbour, no error that it has sent. */
export function powerOn(world: World, name: string, host: Host): void {
  world.hosts.delete(name);
  changeHost(world, name, { ...host, conntrack: [] });
}
