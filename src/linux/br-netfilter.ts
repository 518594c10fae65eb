import type { Interface } from "../model/interface.ts";
import { type Address, type Family, sameAddress } from "../net/address.ts";
import { packetLength } from "../net/packet.ts";
import { hooksOf } from "./compiled-host.ts";
import { defragment, mayBeJoined } from "./defragment.ts";
import { sysctl } from "./device-settings.ts";
import { drop, hookDrop } from "./endings.ts";
import { fragment } from "./fragment.ts";
import { resolveNeighbour } from "./neighbour.ts";
import { findNeighbour, isConnected } from "./neighbour-table.ts";
import { runHook } from "./netfilter/hooks.ts";
import { joinsFragments } from "./netfilter/tracks-connections.ts";
import { FORWARD, type Hook, NF_ACCEPT, POSTROUTING, PREROUTING } from "./netfilter/verdict.ts";
import { noNeighbour } from "./no-neighbour.ts";
import { dissect } from "./routing/dissect.ts";
import { routeInput } from "./routing/input.ts";
import type { HostRuntime } from "./runtime.ts";
import type { Skb } from "./skb.ts";
import { transmitFrame } from "./transmit.ts";

/**
 * br_netfilter (net/bridge/br_netfilter_hooks.c): with `bridge-nf-call-iptables` the IP hooks see what a bridge receives
 * and forwards. PREROUTING runs as soon as a frame comes in by a port, with the bridge for `-i`, and not again when the
 * frame turns out to be for this host; FORWARD and POSTROUTING run for each port that the frame leaves by.
 */

const CALL: Readonly<Record<Family, string>> = {
  4: "net.bridge.bridge-nf-call-iptables",
  6: "net.bridge.bridge-nf-call-ip6tables",
};

/** Whether frames on the bridge pass the IP hooks of that family: by the sysctl, or by the bridge's own setting. */
export function bridgeFilters(runtime: HostRuntime, bridge: Interface, family: Family): boolean {
  const { host, compiled } = runtime;
  if (bridge.bridge !== null && (family === 4 ? bridge.bridge.nfCallIptables : bridge.bridge.nfCallIp6tables)) {
    return true;
  }
  const key = CALL[family];
  // A dump of all settings without this one: the module is not loaded.
  const dumped = host.sysctls.has("net.ipv4.ip_forward") && host.knowledge.get("sysctls") !== "assumed";
  if (dumped && !host.sysctls.has(key)) return false;
  // Without rules it makes so little difference that nobody needs to be told what is assumed.
  if (!hooksOf(compiled, family).stages.some((stages) => stages.length > 0)) return host.sysctls.get(key) !== "0";
  return sysctl(runtime, key, 1) !== 0;
}

/** Runs a hook with the frame's packet type as br_netfilter shows it: never "for another host". */
function hookOfBridge(runtime: HostRuntime, skb: Skb, hook: Hook): boolean {
  const { packetType } = skb;
  if (packetType === "otherhost") skb.packetType = "host";
  if (runHook(runtime, skb, hook) !== NF_ACCEPT) {
    hookDrop(runtime, skb, hook);
    return false;
  }
  skb.packetType = packetType;
  return true;
}

/** br_nf_pre_routing(): false when the frame went no further. */
export function passPrerouting(runtime: HostRuntime, bridge: Interface, port: Interface, skb: Skb): boolean {
  skb.bridged = { physicalInput: port, physicalOutput: null };
  skb.input = bridge;
  skb.route = null;
  const { dst } = skb.packet;
  if (mayBeJoined(skb) && joinsFragments(runtime, dst.family)) {
    if (!defragment(runtime, skb, "bridge-in")) return false;
  }
  if (!hookOfBridge(runtime, skb, PREROUTING)) return false;
  return sameAddress(skb.packet.dst, dst) || redirect(runtime, bridge, skb);
}

/**
 * br_nf_pre_routing_finish(): the destination was translated. Where the new one is behind the same bridge the frame goes
 * on to its MAC address, whether or not this host forwards; else to this host's IP layer.
 */
function redirect(runtime: HostRuntime, bridge: Interface, skb: Skb): boolean {
  const { packet } = skb;
  const { protocol, sport, dport } = dissect(packet);
  const route = routeInput(runtime, bridge, {
    src: packet.src,
    dst: packet.dst,
    protocol,
    sport,
    dport,
    tos: packet.tos & 0xfc,
    mark: skb.mark,
    input: bridge.name,
    output: null,
    uid: 0,
    packet,
  });
  if (route.kind === "martian") {
    drop(runtime, skb, route.reason, "PREROUTING", route.text);
    return false;
  }
  if (route.kind === "forward" && route.result.kind === "unicast" && route.result.output === bridge) {
    return towards(runtime, bridge, skb, route.result.nextHop);
  }
  skb.destinationMac = bridge.mac ?? skb.destinationMac;
  skb.packetType = "host";
  return true;
}

/**
 * br_nf_pre_routing_finish_bridge(): to a neighbour whose header is not cached yet the frame goes as if sent over the bridge
 * (br_nf_dev_xmit), where taps on the bridge see it; then on as it came.
 */
function towards(runtime: HostRuntime, bridge: Interface, skb: Skb, nextHop: Address): boolean {
  const known = findNeighbour(runtime.neighbours, bridge.name, nextHop);
  const cached = known?.headerCached === true && isConnected(known);
  const found = resolveNeighbour(runtime, skb, bridge, nextHop);
  if (found.kind !== "mac") {
    noNeighbour(runtime, skb, bridge, nextHop);
    return false;
  }
  skb.destinationMac = found.mac;
  if (!cached && runtime.observer !== null) {
    skb.output = bridge;
    runtime.observer.step({ kind: "transmit", runtime, skb });
  }
  return true;
}

/** br_nf_forward(), br_nf_post_routing() and br_nf_dev_queue_xmit(), which cuts up what is too long: false when the frame went no further. */
export function filterForwarded(runtime: HostRuntime, bridge: Interface, to: Interface, skb: Skb): boolean {
  if (skb.bridged === null) return true;
  skb.bridged.physicalOutput = to;
  skb.input = bridge;
  skb.output = bridge;
  return hookOfBridge(runtime, skb, FORWARD) && passPostrouting(runtime, bridge, to, skb);
}

/** Of a copy by TEE, too, which the host sends over a bridge when the frame that it was made of had been given a port before. */
export function passPostrouting(runtime: HostRuntime, bridge: Interface, to: Interface, skb: Skb): boolean {
  const { input } = skb;
  skb.output = bridge;
  // br_nf_post_routing() names no input device.
  skb.input = null;
  const passed = hookOfBridge(runtime, skb, POSTROUTING);
  skb.input = input;
  if (!passed) return false;
  const { packet, reassembled } = skb;
  const length = packetLength(packet);
  const longest = reassembled === null ? length : reassembled.maxSize;
  if (length <= Math.min(longest, to.mtu)) {
    skb.reassembled = null;
    return true;
  }
  if ((packet.df || packet.src.family === 6) && longest > to.mtu) {
    drop(runtime, skb, null, "POSTROUTING", `larger than the MTU ${to.mtu} of ${to.name}`);
    return false;
  }
  skb.reassembled = null;
  const pieces = fragment(packet, to.mtu, reassembled);
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) {
    skb.packet = only;
    return true;
  }
  if (runtime.observer !== null) runtime.observer.step({ kind: "fragment", runtime, skb, pieces });
  for (const piece of pieces) transmitFrame(runtime, to, { ...skb, packet: piece, pieceOf: packet });
  return false;
}
