import type { Interface } from "../../model/interface.ts";
import { sameAddress, unspecified } from "../../net/address.ts";
import { packet } from "../../net/packet.ts";
import { IPIP } from "../../net/protocol.ts";
import { resetConntrack } from "../conntrack/track.ts";
import { drop } from "../endings.ts";
import { sendLocal } from "../forward.ts";
import type { RoutingResult } from "../routing/result.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";

/**
 * ipip_tunnel_xmit(): the outer destination is the tunnel's remote address, or for `remote any` the next hop of the
 * route. Unverified: the kernels this was tested on have no IPIP.
 */
export function encapsulateIpip(runtime: HostRuntime, skb: Skb, device: Interface, route: RoutingResult): void {
  const remote = device.ipip?.remote ?? (route.kind === "unicast" ? route.nextHop : null);
  if (remote === null) {
    return drop(runtime, skb, "NO_TX_TARGET", "POSTROUTING", `${device.name} has no remote address`);
  }
  const inner = skb.packet;
  skb.packet = packet({
    src: device.ipip?.local ?? unspecified(4),
    dst: remote,
    protocol: IPIP,
    ttl: inner.ttl,
    tos: inner.tos,
    df: inner.df,
    inner,
  });
  resetConntrack(skb);
  skb.bridged = null;
  skb.input = null;
  skb.tunnelled++;
  skb.carrier = device;
  skb.route = null;
  skb.owner = null;
  skb.fromKernel = true;
  runtime.services.assume(
    runtime,
    "ipip-unverified",
    "IPIP behaves as documented: it is not verified against a kernel",
  );
  if (runtime.observer !== null) {
    runtime.observer.step({ kind: "encapsulate", runtime, skb, device: device.name, entry: null });
  }
  sendLocal(runtime, skb, {
    kind: "request",
    cause: null,
    selectSource: (device.ipip?.local ?? null) === null,
    tunnel: { device, noRoute: null },
  });
}

/** ipip_rcv(): the tunnel whose ends fit, most specific first; `tunl0` takes what no other does. */
export function decapsulateIpip(runtime: HostRuntime, skb: Skb): boolean {
  const outer = skb.packet;
  if (outer.inner === null) return false;
  const tunnels = runtime.compiled.devices.filter((device) => device.kind === "ipip" && device.up);
  const fits = (device: Interface, local: boolean, remote: boolean): boolean => {
    const ends = device.ipip ?? { local: null, remote: null };
    const localFits = ends.local === null ? !local : local && sameAddress(ends.local, outer.dst);
    const remoteFits = ends.remote === null ? !remote : remote && sameAddress(ends.remote, outer.src);
    return localFits && remoteFits;
  };
  const device =
    tunnels.find((tunnel) => fits(tunnel, true, true)) ??
    tunnels.find((tunnel) => fits(tunnel, false, true)) ??
    tunnels.find((tunnel) => fits(tunnel, true, false)) ??
    tunnels.find((tunnel) => fits(tunnel, false, false));
  if (device === undefined) return false;
  skb.packet = outer.inner;
  skb.bridged = null;
  resetConntrack(skb);
  skb.route = null;
  if (runtime.observer !== null) {
    runtime.observer.step({ kind: "decapsulate", runtime, skb, device: device.name, entry: null });
  }
  runtime.services.receiveLater(runtime, device, skb);
  return true;
}
