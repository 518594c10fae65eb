import type { Interface, VxlanDevice } from "../../model/interface.ts";
import type { FdbEntry } from "../../model/neighbour.ts";
import { type Address, formatAddress, isMulticast, unspecified } from "../../net/address.ts";
import { type Packet, packet, packetLength } from "../../net/packet.ts";
import { UDP } from "../../net/protocol.ts";
import { resetConntrack } from "../conntrack/track.ts";
import { drop, sendLocal } from "../forward.ts";
import { freeValue } from "../free-value.ts";
import { resolveNeighbour } from "../neighbour.ts";
import type { RoutingResult } from "../routing/result.ts";
import type { HostRuntime } from "../runtime.ts";
import type { Skb } from "../skb.ts";

const ZERO_MAC = "00:00:00:00:00:00";
const DEFAULT_TTL = 64;
const VXLAN_HEADER = 8;
const ETHERNET_HEADER = 14;
/** `net.ipv4.ip_local_port_range`, from which the outer source port is hashed. */
const SOURCE_PORTS = { first: 32768, last: 60999 };

/**
 * vxlan_xmit(): the next hop's MAC address names the remote VTEP in the FDB; the outer packet is this host's own and
 * takes the whole OUTPUT path, with the inner packet's mark (kernel.md H7). A MAC without FDB entry goes to the
 * all-zero entries, else nowhere.
 */
export function encapsulateVxlan(
  runtime: HostRuntime,
  skb: Skb,
  device: Interface,
  route: RoutingResult,
): string | null {
  const { vxlan } = device;
  if (vxlan === null) {
    drop(runtime, skb, null, "POSTROUTING", `the VXLAN settings of ${device.name} are not known: ip -d link`);
    return null;
  }
  const nextHop = route.kind === "unicast" ? route.nextHop : skb.packet.dst;
  const found = resolveNeighbour(runtime, skb, device, nextHop);
  if (found.kind !== "mac") {
    drop(runtime, skb, "NEIGH_FAILED", "POSTROUTING", `no neighbour entry on ${device.name}`);
    return null;
  }
  skb.sourceMac = device.mac ?? "";
  skb.destinationMac = found.mac;
  // The frame is on the tunnel device now: tcpdump sees it there even when it goes nowhere from here.
  if (runtime.observer !== null) runtime.observer.step({ kind: "transmit", runtime, skb });
  const entry = remoteOf(runtime, device, found.mac);
  const remote = entry?.destination ?? vxlan.remote;
  if (remote === null || isMulticast(remote)) {
    drop(runtime, skb, "NO_TX_TARGET", "POSTROUTING", `no FDB entry for ${found.mac} on ${device.name}`);
    return null;
  }
  wrap(runtime, skb, device, vxlan, remote, found.mac);
  if (runtime.observer !== null) {
    runtime.observer.step({ kind: "encapsulate", runtime, skb, device: device.name, entry });
  }
  sendLocal(runtime, skb, { kind: "request", cause: null, selectSource: vxlan.local === null });
  return null;
}

function remoteOf(runtime: HostRuntime, device: Interface, mac: string): FdbEntry | null {
  const entries = runtime.host.fdb.filter((entry) => entry.interface === device.name && entry.destination !== null);
  return entries.find((entry) => entry.mac === mac) ?? entries.find((entry) => entry.mac === ZERO_MAC) ?? null;
}

function wrap(
  runtime: HostRuntime,
  skb: Skb,
  device: Interface,
  vxlan: VxlanDevice,
  remote: Address,
  destinationMac: string,
): void {
  const inner = skb.packet;
  skb.innerMacs = { source: device.mac ?? "", destination: destinationMac };
  skb.packet = packet({
    src: vxlan.local ?? unspecified(remote.family),
    dst: remote,
    protocol: UDP,
    sport: sourcePort(runtime, inner),
    dport: vxlan.port,
    ttl: vxlan.ttl > 0 ? vxlan.ttl : DEFAULT_TTL,
    inner,
    vni: vxlan.vni,
    payloadLength: VXLAN_HEADER + ETHERNET_HEADER + packetLength(inner),
  });
  resetConntrack(skb);
  skb.input = null;
  skb.route = null;
  skb.boundInterface = vxlan.device;
  skb.owner = null;
  skb.fromKernel = true;
}

/** udp_flow_src_port(): a hash of the inner flow, so that one flow keeps one outer port. */
function sourcePort(runtime: HostRuntime, inner: Packet): number {
  const flow = `${formatAddress(inner.src)} ${formatAddress(inner.dst)} ${inner.protocol} ${inner.sport} ${inner.dport}`;
  const known = runtime.tunnelPorts.get(flow);
  if (known !== undefined) return known;
  const port = freeValue(runtime.services.freeValues, [SOURCE_PORTS]);
  runtime.tunnelPorts.set(flow, port);
  return port;
}

/**
 * vxlan_rcv(): a VXLAN device with this port and network identifier takes the packet out again; the mark of the outer
 * packet stays on the inner one. False when the packet is not for such a device.
 */
export function decapsulateVxlan(runtime: HostRuntime, skb: Skb): boolean {
  const outer = skb.packet;
  const device = runtime.compiled.devices.find(
    ({ kind, up, vxlan }) =>
      kind === "vxlan" &&
      up &&
      vxlan !== null &&
      vxlan.port === outer.dport &&
      (vxlan.vni === outer.vni || outer.inner === null) &&
      (vxlan.local === null || vxlan.local.family === outer.dst.family),
  );
  if (device === undefined) return false;
  if (outer.inner === null) {
    drop(runtime, skb, "VXLAN_INVALID_HDR", "INPUT", "no VXLAN header");
    return true;
  }
  const macs = skb.innerMacs;
  skb.packet = outer.inner;
  skb.innerMacs = null;
  skb.packetType = macs === null || macs.destination === device.mac ? "host" : "otherhost";
  skb.sourceMac = macs?.source ?? "";
  skb.destinationMac = macs?.destination ?? "";
  resetConntrack(skb);
  skb.route = null;
  if (runtime.observer !== null) {
    runtime.observer.step({ kind: "decapsulate", runtime, skb, device: device.name, entry: null });
  }
  runtime.services.receiveLater(runtime, device, skb);
  return true;
}
