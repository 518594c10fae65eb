import { announceAddresses } from "../linux/announce.ts";
import { compileHost } from "../linux/compiled-host.ts";
import { forgetsWithoutCarrier } from "../linux/device-settings.ts";
import { forgetNeighbours } from "../linux/neighbour-table.ts";
import type { HostRuntime } from "../linux/runtime.ts";
import type { Host } from "../model/host.ts";
import type { Interface } from "../model/interface.ts";
import { macOf } from "./topology.ts";

/** A host that lives is another one from now on: what its kernel does when its devices change. */
export function becomes(runtime: HostRuntime, host: Host): void {
  const before = runtime.host;
  runtime.host = host;
  runtime.compiled = compileHost(host);
  if (host.interfaces !== before.interfaces) devicesChanged(runtime, before);
}

const FAMILIES = [4, 6] as const;

/**
 * What the neighbour tables of a host hear when its devices change (neigh_ifdown(), neigh_carrier_down(), neigh_changeaddr()), and what it
 * tells others then (inetdev_event(), ndisc_netdev_event()): its addresses, by devices that come up or have another MAC address.
 */
function devicesChanged(runtime: HostRuntime, before: Host): void {
  const { host } = runtime;
  for (const [name, was] of before.interfaces) {
    const is = host.interfaces.get(name);
    if (is === was) continue;
    const isOther = is === undefined || macOf(host.name, is) !== macOf(host.name, was);
    const isDown = isOther || (was.up && !is.up);
    if (!isDown && (!was.carrier || is.carrier)) continue;
    for (const family of FAMILIES) {
      if (isDown || forgetsWithoutCarrier(runtime, was, family)) {
        forgetNeighbours(runtime.neighbours, name, family, !isDown);
      }
    }
  }
  for (const [name, is] of host.interfaces)
    if (announces(host.name, before.interfaces.get(name), is)) announceAddresses(runtime, is);
}

function announces(host: string, was: Interface | undefined, is: Interface): boolean {
  if (!is.up || was === is) return false;
  return was === undefined || !was.up || macOf(host, is) !== macOf(host, was);
}
