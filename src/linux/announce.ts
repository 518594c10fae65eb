import type { Interface } from "../model/interface.ts";
import { sendGratuitousArp } from "./arp.ts";
import { arpNotify, ndiscNotify } from "./device-settings.ts";
import type { HostRuntime } from "./runtime.ts";

/** Tells the link of a device whose addresses it has, where `arp_notify` and `ndisc_notify` say so. */
export function announceAddresses(runtime: HostRuntime, device: Interface): void {
  for (const { address, dad } of device.addresses) {
    if (address.family === 4 && arpNotify(runtime, device)) sendGratuitousArp(runtime, device, address);
    if (address.family === 6 && dad === null && ndiscNotify(runtime, device))
      runtime.services.advertise(runtime, device, address);
  }
}
