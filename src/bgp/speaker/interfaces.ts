import type { HostRuntime } from "../../linux/runtime.ts";
import type { Address } from "../../net/address.ts";
import { findNeighbour } from "../filter/find-neighbour.ts";

/** The address of this host that a connection to another takes where none was configured. */
export function sourceFor(runtime: HostRuntime, remote: Address): Address | null {
  const found = findNeighbour(runtime, remote);
  if (found.kind === "on-link") return found.address;
  for (const device of runtime.host.interfaces.values()) {
    if (!device.up || device.kind === "loopback") continue;
    for (const { address } of device.addresses) if (address.family === remote.family) return address;
  }
  return null;
}
