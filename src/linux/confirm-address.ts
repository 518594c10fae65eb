import type { Interface, InterfaceAddress } from "../model/interface.ts";
import { type Address, isUnspecified, sameAddress } from "../net/address.ts";
import { prefixContains, prefixOf } from "../net/prefix.ts";
import { routeLocalnet } from "./device-settings.ts";
import type { HostRuntime } from "./runtime.ts";

/** RT_SCOPE_*: the greater, the nearer. */
const SCOPES: Readonly<Record<InterfaceAddress["scope"], number>> = { global: 0, site: 200, link: 253, host: 254 };

/** inet_ifa_match(): the address is in the subnet of an interface's address (of its peer, where there is one). */
export function isInSubnetOf(item: InterfaceAddress, address: Address): boolean {
  return (
    item.address.family === address.family &&
    prefixContains(prefixOf(item.peer ?? item.address, item.prefixLength), address)
  );
}

/**
 * inet_confirm_addr() (net/ipv4/devinet.c): `local` stands on the device (null: on any), in no narrower scope than
 * `scope`, and on a subnet that holds `remote` too, unless that is null.
 */
export function confirmAddress(
  runtime: HostRuntime,
  device: Interface | null,
  remote: Address | null,
  local: Address,
  scope: "link" | "host",
): boolean {
  const devices = device === null ? runtime.compiled.devices : [device];
  return devices.some((candidate) => confirmOn(runtime, candidate, remote, local, SCOPES[scope]));
}

function confirmOn(
  runtime: HostRuntime,
  device: Interface,
  remote: Address | null,
  local: Address,
  scope: number,
): boolean {
  const narrowest = routeLocalnet(runtime, device) ? SCOPES.link : SCOPES.host;
  const stands = device.addresses.some(
    (item) => sameAddress(item.address, local) && Math.min(SCOPES[item.scope], narrowest) <= scope,
  );
  if (!stands) return false;
  const peer = remote === null || isUnspecified(remote) ? null : remote;
  return device.addresses.some((item) => isInSubnetOf(item, local) && (peer === null || isInSubnetOf(item, peer)));
}
