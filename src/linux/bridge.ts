import { type BridgePort, bridgePort, type Interface } from "../model/interface.ts";
import { packetLength } from "../net/packet.ts";
import { bridgeFilters, filterForwarded, passPostrouting, passPrerouting } from "./br-netfilter.ts";
import { type BridgeFdb, bridgeFdb, learn } from "./bridge-fdb.ts";
import { confirm } from "./conntrack/track.ts";
import { drop } from "./endings.ts";
import { isGroupMac, isReservedMac, isZeroMac } from "./ethernet.ts";
import { receiveHere } from "./forward.ts";
import { bridgePasses } from "./frame-filter.ts";
import { comesFrom, isTold, untoldMac } from "./netfilter/frame-mac.ts";
import type { HostRuntime } from "./runtime.ts";
import { copySkb, type Skb } from "./skb.ts";
import { FRAME_ALLOWANCE, transmitFrame } from "./transmit.ts";

/**
 * A Linux bridge (net/bridge/br_input.c, br_forward.c): learning, the forwarding database, flooding, port states and
 * flags. STP itself does not run here; a port is in the state that the dump tells.
 */

const PORT_AT_REST: BridgePort = bridgePort();

function settingsOf(port: Interface): BridgePort {
  return port.bridgePort ?? PORT_AT_REST;
}

/** The dumped STP state; without one a port forwards while it and its bridge are up and it has carrier. */
function stateOf(port: Interface, bridge: Interface): NonNullable<BridgePort["state"]> {
  const { state } = settingsOf(port);
  return state ?? (port.up && port.carrier && bridge.up ? "forwarding" : "disabled");
}

/** br_handle_frame(): a frame comes in by a port. */
export function receiveOnBridge(runtime: HostRuntime, bridge: Interface, port: Interface, skb: Skb): void {
  if (runtime.observer !== null && skb.arp === null) runtime.observer.step({ kind: "receive", runtime, skb });
  if (skb.sourceMac !== "" && (isGroupMac(skb.sourceMac) || isZeroMac(skb.sourceMac))) {
    return drop(runtime, skb, "MAC_INVALID_SOURCE", null, "the source MAC address is none");
  }
  if (isReservedMac(skb.destinationMac)) {
    return drop(runtime, skb, null, null, "bridges do not pass on frames for 01:80:c2:00:00:0X");
  }
  noteUnmodelled(runtime, bridge, port);
  const state = stateOf(port, bridge);
  if (state !== "forwarding" && state !== "learning") {
    return drop(runtime, skb, "BRIDGE_INGRESS_STP_STATE", null, `port ${port.name} of ${bridge.name} is ${state}`);
  }
  if (skb.destinationMac === "") skb.destinationMac = bridge.mac ?? "";
  if (skb.destinationMac === bridge.mac || bridge.mac === null) skb.packetType = "host";
  if (!bridgePasses(runtime, skb, "prerouting")) return;
  if (skb.arp === null && bridgeFilters(runtime, bridge, skb.packet.dst.family)) {
    if (!passPrerouting(runtime, bridge, port, skb)) return;
    skb.input = port;
  }
  frameOnBridge(runtime, bridge, port, skb);
}

function noteUnmodelled(runtime: HostRuntime, bridge: Interface, port: Interface): void {
  if (runtime.noted.has(port)) return;
  runtime.noted.set(port, 0);
  for (const setting of settingsOf(port).unmodelled) {
    runtime.services.assume(
      runtime,
      "bridge-port-setting",
      `\`${setting}\` of bridge port ${port.name} makes no difference`,
    );
  }
  if (bridge.bridge?.vlanFiltering === true) {
    runtime.services.assume(
      runtime,
      "bridge-one-vlan",
      `all ports of ${bridge.name} are in the same VLAN: \`bridge vlan\``,
    );
  }
}

/** br_handle_frame_finish(): learn the sender, then find the receiver. */
function frameOnBridge(runtime: HostRuntime, bridge: Interface, port: Interface, skb: Skb): void {
  const fdb = bridgeFdb(runtime, bridge);
  const settings = settingsOf(port);
  if (settings.locked && !isLetIn(runtime, fdb, port, skb)) {
    const mac = isTold(skb.sourceMac) ? skb.sourceMac : untoldMac(skb, "src");
    return drop(runtime, skb, null, null, `port ${port.name} is locked and has no entry for ${mac}`);
  }
  if (settings.learning && skb.sourceMac !== "") learn(fdb, port, skb.sourceMac);
  if (stateOf(port, bridge) === "learning") {
    return drop(runtime, skb, "BRIDGE_INGRESS_STP_STATE", null, `port ${port.name} of ${bridge.name} only learns`);
  }
  if (isGroupMac(skb.destinationMac)) {
    flood(runtime, bridge, port, skb, true);
    return passUp(runtime, bridge, skb);
  }
  const row = rowOf(runtime, bridge, fdb, skb.destinationMac, port);
  if (row === null) {
    if (!flood(runtime, bridge, port, skb, false)) dropFlooded(runtime, bridge, skb);
  } else if (row.port === null) passUp(runtime, bridge, skb);
  else if (delivers(bridge, port, row.port)) forwardTo(runtime, bridge, port, row.port, skb);
  else drop(runtime, skb, null, null, `${bridge.name} does not pass it from ${port.name} to ${row.port.name}`);
}

/** Whether a locked port has an entry for the sender. */
function isLetIn(runtime: HostRuntime, fdb: BridgeFdb, port: Interface, skb: Skb): boolean {
  if (isTold(skb.sourceMac)) return fdb.rows.get(skb.sourceMac)?.port === port;
  const entries = [...fdb.rows].filter(([, row]) => row.port === port);
  return entries.length > 0 && comesFrom(runtime, skb, `one that port ${port.name} has an entry for`);
}

/**
 * The entry of a MAC address. Where no dump tells the forwarding database, the bridge is taken to have learnt where the
 * address is.
 */
function rowOf(
  runtime: HostRuntime,
  bridge: Interface,
  fdb: BridgeFdb,
  mac: string,
  from: Interface | null,
): { readonly port: Interface | null } | null {
  const row = fdb.rows.get(mac);
  if (row !== undefined || fdb.known) return row ?? null;
  const ports = runtime.compiled.bridgePorts.get(bridge.name) ?? [];
  const port = ports.find((other) => other !== from && other.up && runtime.services.reaches(runtime, other, mac));
  return port === undefined ? null : { port };
}

/**
 * br_pass_frame_up(): the bridge as a device of this host takes the frame. A connection of what is for many is confirmed before INPUT
 * (br_nf_local_in(); Linux 6.18, older ones were not tried).
 */
function passUp(runtime: HostRuntime, bridge: Interface, skb: Skb): void {
  if (!bridgePasses(runtime, skb, "input")) return;
  if (skb.packetType !== "host" && !confirm(runtime, skb)) {
    return drop(runtime, skb, "NETFILTER_DROP", null, "another connection has taken its addresses and ports");
  }
  receiveHere(runtime, bridge, skb);
}

/** br_dev_xmit(): a frame that this host sends over the bridge. */
export function transmitOnBridge(runtime: HostRuntime, bridge: Interface, skb: Skb): void {
  if (isGroupMac(skb.destinationMac)) {
    if (!flood(runtime, bridge, null, skb, false)) dropFlooded(runtime, bridge, skb);
    return;
  }
  const row = rowOf(runtime, bridge, bridgeFdb(runtime, bridge), skb.destinationMac, null);
  if (row === null) {
    if (!flood(runtime, bridge, null, skb, false)) dropFlooded(runtime, bridge, skb);
  } else if (row.port !== null && delivers(bridge, null, row.port)) forwardTo(runtime, bridge, null, row.port, skb);
  else drop(runtime, skb, null, null, `${bridge.name} has no port towards ${skb.destinationMac}`);
}

function dropFlooded(runtime: HostRuntime, bridge: Interface, skb: Skb): void {
  drop(runtime, skb, "NO_TX_TARGET", null, `${bridge.name} has no port towards the destination`);
}

/** should_deliver(): not back where it came from (unless hairpin), not between isolated ports, not to a port that does not forward. */
function delivers(bridge: Interface, from: Interface | null, to: Interface): boolean {
  const settings = settingsOf(to);
  if (from === to && !settings.hairpin) return false;
  if (from !== null && settingsOf(from).isolated && settings.isolated) return false;
  return stateOf(to, bridge) === "forwarding";
}

/**
 * br_flood(): copies to every port that takes them, last joined first; `keep` leaves the frame itself to the caller. False
 * when there is no such port.
 */
function flood(runtime: HostRuntime, bridge: Interface, from: Interface | null, skb: Skb, keep: boolean): boolean {
  const broadcast = skb.destinationMac === "ff:ff:ff:ff:ff:ff";
  const group = isGroupMac(skb.destinationMac);
  const wants = (port: Interface): boolean => {
    const settings = settingsOf(port);
    if (!group) return settings.flood;
    return from === null || (broadcast ? settings.broadcastFlood : settings.multicastFlood);
  };
  const ports = [...(runtime.compiled.bridgePorts.get(bridge.name) ?? [])].reverse();
  const targets = ports.filter((port) => wants(port) && delivers(bridge, from, port));
  for (const [position, port] of targets.entries()) {
    const frame = position === targets.length - 1 && !keep ? skb : copySkb(skb);
    if (frame !== null) forwardTo(runtime, bridge, from, port, frame);
    else {
      drop(runtime, skb, null, null, `a broadcast storm: ${bridge.name} is part of a loop of bridges`);
      break;
    }
  }
  return targets.length > 0;
}

/** __br_forward(): the hooks for a bridged frame (`from` is null for one of this host's own), then out of the port. */
function forwardTo(runtime: HostRuntime, bridge: Interface, from: Interface | null, to: Interface, skb: Skb): void {
  // skb_forward_csum()
  if (from !== null) skb.summed = false;
  if (!bridgePasses(runtime, skb, from === null ? "output" : "forward")) return;
  if (skb.bridged !== null) {
    if (from !== null && !filterForwarded(runtime, bridge, to, skb)) return;
    if (from === null && skb.bridged.physicalOutput !== null && !passPostrouting(runtime, bridge, to, skb)) return;
  }
  if (skb.arp === null && packetLength(skb.packet) > to.mtu + FRAME_ALLOWANCE) {
    return drop(runtime, skb, null, null, `larger than the MTU ${to.mtu} of ${to.name}`);
  }
  if (bridgePasses(runtime, skb, "postrouting")) transmitFrame(runtime, to, skb);
}
