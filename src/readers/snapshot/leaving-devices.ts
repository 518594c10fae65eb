import type { Host } from "../../model/host.ts";
import type { Interface } from "../../model/interface.ts";

/** What hardware and virtual network cards are called by Linux and its distributions. */
const PHYSICAL_NAME = /^(?:eth|en|em|wl|ww|ib|venet|p\d+p)\w*$/;

/**
 * True for a device whose frames leave the machine. A veth with a name of a network card is the card of a machine that
 * is a container itself (kind, k3d, a lab in namespaces).
 */
function leaves(device: Interface): boolean {
  if (device.kind === "physical" || device.kind === "vlan" || device.kind === "bond" || device.kind === "macvlan") {
    return true;
  }
  return (device.kind === "veth" || device.kind === "other") && PHYSICAL_NAME.test(device.name);
}

/** A device that leaves the machine, and the interface whose addresses stand for it: itself, or its bridge. */
export interface Exit {
  readonly host: string;
  /** On the link. */
  readonly port: Interface;
  /** Has the addresses. */
  readonly holder: Interface;
}

/**
 * The ways out of a machine. A bridge with a member that leaves is one, through that member; slaves of bonds and the
 * devices below a VLAN without addresses of their own are none.
 */
export function exitsOf(host: Host): readonly Exit[] {
  if (host.kind === "pod") return [];
  const exits: Exit[] = [];
  const bridged = new Set<string>();
  for (const port of host.interfaces.values()) {
    if (!leaves(port)) continue;
    if (port.master === null) {
      exits.push({ host: host.name, port, holder: port });
      continue;
    }
    const master = host.interfaces.get(port.master);
    if (master?.kind === "bridge" && !bridged.has(master.name)) {
      bridged.add(master.name);
      exits.push({ host: host.name, port, holder: master });
    } else if (master === undefined || (master.kind !== "bridge" && master.kind !== "bond")) {
      // a VRF leaves its members' traffic to themselves
      exits.push({ host: host.name, port, holder: port });
    }
  }
  return exits;
}

/** The port of a device that stands in a description: a bridge is reached through its member that leaves. */
export function portOf(host: Host, name: string): Interface | null {
  const device = host.interfaces.get(name);
  if (device === undefined) return null;
  if (device.kind !== "bridge") return device;
  return exitsOf(host).find((exit) => exit.holder.name === name)?.port ?? device;
}
