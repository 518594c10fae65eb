import type { Interface } from "../model/interface.ts";
import { transmitOnBridge } from "./bridge.ts";
import { drop } from "./endings.ts";
import { goesOut } from "./frame-filter.ts";
import type { HostRuntime } from "./runtime.ts";
import type { Skb } from "./skb.ts";
import { transmitOnMacvlan, transmitOverOthers, transmitToProgram } from "./stacked-device.ts";
import { encapsulateVxlan } from "./tunnels/vxlan.ts";
import { transmitOnVlan } from "./vlan.ts";
import { noteVolatile } from "./walk-record.ts";

/** is_skb_forwardable(): a VLAN tag more than the MTU is let through. */
export const FRAME_ALLOWANCE = 4;

/**
 * dev_queue_xmit(): a frame with its MAC addresses goes out of a device, through the devices below it. False where the
 * device says that it did not take it; a bridge or a tunnel never does.
 */
export function transmitFrame(runtime: HostRuntime, device: Interface, skb: Skb): boolean {
  skb.output = device;
  if (!device.up || !device.carrier) {
    // dev_deactivate() has put noop_qdisc on it: nothing gets as far as the device.
    drop(runtime, skb, "QDISC_DROP", null, `${device.name} ${device.up ? "has no carrier" : "is down"}`);
    return false;
  }
  if (!goesOut(runtime, device, skb)) return true;
  if (runtime.observer !== null && skb.arp === null) runtime.observer.step({ kind: "transmit", runtime, skb });
  switch (device.kind) {
    case "bridge":
      noteVolatile();
      transmitOnBridge(runtime, device, skb);
      return true;
    case "vxlan":
      noteVolatile();
      encapsulateVxlan(runtime, device, skb);
      return true;
    case "vlan":
      return transmitOnVlan(runtime, device, skb);
    case "macvlan":
      return transmitOnMacvlan(runtime, device, skb);
    case "bond":
      return transmitOverOthers(runtime, device, skb);
    case "tun":
      return transmitToProgram(runtime, device, skb);
    default:
      return runtime.services.transmit(runtime, device, skb);
  }
}
