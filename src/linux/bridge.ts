import type { Interface } from "../model/interface.ts";
import { drop, receiveHere } from "./forward.ts";
import type { HostRuntime } from "./runtime.ts";
import type { Skb } from "./skb.ts";

/**
 * A bridge of this host, as far as IP packets need it: frames for the bridge's own MAC address go up the stack, others
 * to the port behind which the link has that address. Filtering of bridged frames (bridge-nf-call-iptables) is not
 * modelled: where it is on, the answer says so.
 */
export function receiveOnBridge(runtime: HostRuntime, port: Interface, skb: Skb): void {
  const bridge = port.master === null ? undefined : runtime.host.interfaces.get(port.master);
  if (bridge === undefined) return drop(runtime, skb, null, null, `${port.name} has no bridge`);
  if (!bridge.up) return drop(runtime, skb, "DEV_READY", null, `${bridge.name} is down`);
  const broadcast = skb.destinationMac === "ff:ff:ff:ff:ff:ff";
  if (broadcast || skb.destinationMac === bridge.mac || skb.destinationMac === port.mac || skb.destinationMac === "") {
    skb.packetType = broadcast ? "broadcast" : "host";
    return receiveHere(runtime, bridge, skb);
  }
  const calls = runtime.host.sysctls.get("net.bridge.bridge-nf-call-iptables") === "1";
  if (calls && runtime.compiled.hooks[4].stages.some((stages) => stages.length > 0)) {
    runtime.services.assume(runtime, "rules", `bridged frames on ${bridge.name} are not filtered`);
  }
  forwardOnBridge(runtime, bridge, port, skb);
}

/** Sends a frame out of a device, through its ports when it is a bridge. */
export function transmitOnBridge(runtime: HostRuntime, device: Interface, skb: Skb): void {
  if (device.kind !== "bridge") return runtime.services.transmit(runtime, device, skb);
  forwardOnBridge(runtime, device, null, skb);
}

function forwardOnBridge(runtime: HostRuntime, bridge: Interface, from: Interface | null, skb: Skb): void {
  const ports = (runtime.compiled.bridgePorts.get(bridge.name) ?? []).filter((port) => port !== from && port.up);
  const known = ports.find((port) => runtime.services.reaches(runtime, port, skb.destinationMac));
  const port = known ?? ports[0];
  if (port === undefined) return drop(runtime, skb, null, null, `${bridge.name} has no port towards the destination`);
  skb.output = port;
  runtime.services.transmit(runtime, port, skb);
}
