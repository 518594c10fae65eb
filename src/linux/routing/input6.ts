import type { Interface } from "../../model/interface.ts";
import { type Address, formatAddress, isMulticast } from "../../net/address.ts";
import { actsAsRouter, forwarding } from "../device-settings.ts";
import { overLearntGateway } from "../route-exceptions.ts";
import type { HostRuntime } from "../runtime.ts";
import type { InputKey, InputRoute } from "./input.ts";
import { lookUpRoute } from "./look-up.ts";
import { multicastResult } from "./result.ts";
import { selectPath } from "./select-path.ts";
import { routesUnknown } from "./unknown-route.ts";

/** ip6_route_input() (net/ipv6/route.c), with what the route's own input function decides at once. */
export function routeInput6(runtime: HostRuntime, device: Interface, key: InputKey): InputRoute {
  const { dst } = key;
  if (isMulticast(dst)) return multicastHere(runtime, device, dst);
  const path = selectPath(runtime, lookUpRoute(runtime, key), key, null, key.packet);
  const result = overLearntGateway(runtime, path, dst);
  switch (result.kind) {
    case "error":
      return { kind: "unreachable", result, forwarding: true };
    case "local":
      return { kind: "deliver", result, broadcast: false };
    case "broadcast":
    case "multicast":
      return { kind: "deliver", result, broadcast: true };
    case "unicast":
      if (!routesUnknown(runtime, 6) && !forwarding(runtime, device, 6)) {
        return { kind: "martian", reason: "IP_INADDRERRORS", text: "IPv6 forwarding is off", result };
      }
      return { kind: "forward", result, redirect: result.output === device };
  }
}

/**
 * ip6_mc_input(): only groups that somebody joined are taken. Every interface joins all nodes and the solicited-node
 * groups of its addresses, a router all routers; which others sockets joined no dump tells.
 */
function multicastHere(runtime: HostRuntime, device: Interface, group: Address): InputRoute {
  if (!isJoined(runtime, device, group)) {
    runtime.services.assume(
      runtime,
      "group-not-joined",
      `nobody on ${runtime.host.name} joined ${formatAddress(group)}`,
    );
    return { kind: "martian", reason: null, text: "nobody joined the multicast group", result: null };
  }
  return { kind: "deliver", result: multicastResult(device), broadcast: true };
}

/**
 * ff01::1, ff02::1, ff02::2 and ff02::1:ff00:0/104. ff01::2 and ff05::2 are joined only by devices that were there when forwarding was switched on
 * (dev_forward_change(), not ipv6_add_dev()), which no dump tells.
 */
export function isJoined(runtime: HostRuntime, device: Interface, { a, b, c, d }: Address): boolean {
  if (b !== 0) return false;
  if (c === 0) {
    if ((a === 0xff010000 || a === 0xff020000) && d === 1) return true;
    return a === 0xff020000 && d === 2 && actsAsRouter(runtime, device);
  }
  if (a !== 0xff020000 || c !== 1 || d >>> 24 !== 0xff) return false;
  return device.addresses.some(({ address }) => address.family === 6 && ((address.d ^ d) & 0xffffff) === 0);
}
