import type { Interface } from "../../model/interface.ts";
import type { Address } from "../../net/address.ts";
import type { HostRuntime } from "../runtime.ts";
import { localTableRoute } from "./address-type.ts";
import { deviceNamed } from "./named-device.ts";

/** inet_lookup_ifaddr_rcu(): the device that has the IPv4 address; null when none has. */
function deviceWithAddress(runtime: HostRuntime, { a, family }: Address): Interface | null {
  if (!runtime.compiled.addresses4.has(a | 0)) return null;
  const { devices } = runtime.compiled;
  for (let index = 0; index < devices.length; index++) {
    const device = devices[index];
    const count = device === undefined ? 0 : device.addresses.length;
    for (let place = 0; place < count; place++) {
      const address = device?.addresses[place]?.address;
      if (address?.a === a && address.family === family) return device ?? null;
    }
  }
  return null;
}

/** __ip_dev_find(): the device that has the address, or that a local route gives it to. */
export function ownDevice(runtime: HostRuntime, address: Address): Interface | null {
  const known = deviceWithAddress(runtime, address);
  if (known !== null) return known;
  const found = localTableRoute(runtime, address);
  const name = found?.type === "local" ? found.nextHops[0]?.interface : undefined;
  return name === undefined || name === null ? null : deviceNamed(runtime.host, name);
}
