import type { Interface } from "../model/interface.ts";
import { drop } from "./endings.ts";
import type { HostRuntime } from "./runtime.ts";
import type { Skb } from "./skb.ts";
import { transmitFrame } from "./transmit.ts";

/**
 * VLAN devices (net/8021q): a tag is pushed on the way out and taken off on the way in. Unverified: the kernels this was
 * tested on have none.
 */
const UNVERIFIED = "VLAN devices behave as documented: they are not verified against a kernel";

/** vlan_dev_hard_start_xmit(): the frame goes out of the lower device with a tag. */
export function transmitOnVlan(runtime: HostRuntime, device: Interface, skb: Skb): boolean {
  const lower = device.lower === null ? undefined : runtime.host.interfaces.get(device.lower);
  if (lower === undefined) {
    // The lower device is in another namespace: the link of the VLAN device itself stands for it.
    return runtime.services.transmit(runtime, device, skb);
  }
  if (device.vlanId === null) {
    const detail = `both ends of ${device.name} have the same VLAN: \`ip -d link\``;
    runtime.services.assume(runtime, "same-vlan", detail);
    return runtime.services.transmit(runtime, lower, skb);
  }
  runtime.services.assume(runtime, "vlan-unverified", UNVERIFIED);
  if (skb.vlan !== 0) {
    drop(runtime, skb, null, null, `a tag inside a tag (${device.name}) is not modelled`);
    return true;
  }
  skb.vlan = device.vlanId;
  return transmitFrame(runtime, lower, skb);
}

/** vlan_do_receive(): the VLAN device that takes a tagged frame; null where there is none. */
export function vlanDeviceOf(runtime: HostRuntime, lower: Interface, vlan: number): Interface | null {
  const found = runtime.compiled.devices.find(
    ({ kind, lower: below, vlanId, up }) => kind === "vlan" && below === lower.name && vlanId === vlan && up,
  );
  return found ?? null;
}
