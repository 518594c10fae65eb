import type { Interface } from "../model/interface.ts";
import { drop } from "./endings.ts";
import { goesOut } from "./frame-filter.ts";
import { type HostRuntime, leaving } from "./runtime.ts";
import type { Skb } from "./skb.ts";
import { intoUntoldDevice } from "./unmodelled-device.ts";

/** Devices whose frames others send: macvlan and macvtap, bonds, and those that a program holds (docs/lab-notes/devices.md). */

/** What is not known of the devices below one, without which nobody can tell where its frames go; null: nothing is missing. */
export function missingBelow(runtime: HostRuntime, device: Interface): string | null {
  const { interfaces } = runtime.host;
  switch (device.kind) {
    case "macvlan": {
      if (runtime.services.isJoined(runtime, device)) return null;
      const lower = device.lower === null ? undefined : interfaces.get(device.lower);
      if (lower === undefined) return "the device below it is in no dump";
      if (!runtime.services.isJoined(runtime, lower)) return null;
      return `nobody on the link of ${lower.name}, below it, is known to share its subnet`;
    }
    case "bond": {
      // One that nodes.yaml tells of has no number, and stands for its slaves.
      if (device.index === 0) return null;
      for (const { master, up, carrier } of interfaces.values())
        if (master === device.name && up && carrier) return null;
      return "no device with carrier that it could send with is in the dump";
    }
    case "vlan": {
      const lower = device.lower === null ? undefined : interfaces.get(device.lower);
      return lower === undefined || lower === device ? null : missingBelow(runtime, lower);
    }
    default:
      return null;
  }
}

/**
 * macvlan_start_xmit(): the frame leaves by the lower device, as if by a card of its own. Whether one gets to the lower device itself, or to
 * others that stand on it, is asked where it comes (emulator/shared-card.ts).
 */
export function transmitOnMacvlan(runtime: HostRuntime, device: Interface, skb: Skb): boolean {
  const lower = device.lower === null ? undefined : runtime.host.interfaces.get(device.lower);
  if (lower !== undefined && !(lower.up && lower.carrier)) {
    // With the device below it, it has lost its carrier.
    const why = lower.up ? "has no carrier" : "is down";
    drop(runtime, skb, "QDISC_DROP", null, `${lower.name}, below ${device.name}, ${why}`);
    return false;
  }
  if (lower !== undefined && !goesOut(runtime, lower, skb)) return true;
  return transmitOverOthers(runtime, device, skb);
}

/** bond_start_xmit(), by reading: a slave that works sends the frame. */
export function transmitOverOthers(runtime: HostRuntime, device: Interface, skb: Skb): boolean {
  const missing = skb.arp === null ? missingBelow(runtime, device) : null;
  if (missing === null) return runtime.services.transmit(runtime, device, skb);
  intoUntoldDevice(runtime, skb, device, missing);
  return true;
}

/** tun_net_xmit(): what becomes of the packet is up to the program that has the device open. A tap may be joined to a machine that was dumped. */
export function transmitToProgram(runtime: HostRuntime, device: Interface, skb: Skb): boolean {
  if (skb.arp !== null || (!device.noArp && runtime.services.isJoined(runtime, device)))
    return runtime.services.transmit(runtime, device, skb);
  runtime.services.end(runtime, skb, leaving(null, `into the program that holds ${device.name}`));
  return true;
}
