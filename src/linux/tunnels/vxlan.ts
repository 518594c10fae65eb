import type { Interface, VxlanDevice } from "../../model/interface.ts";
import type { FdbEntry } from "../../model/neighbour.ts";
import { type Address, formatAddress, isMulticast, sameAddress, unspecified } from "../../net/address.ts";
import { type Packet, packet, packetLength } from "../../net/packet.ts";
import type { PortRange } from "../../net/port-set.ts";
import { UDP } from "../../net/protocol.ts";
import { resetConntrack } from "../conntrack/track.ts";
import { defaultTtl } from "../default-ttl.ts";
import { drop } from "../endings.ts";
import { isGroupMac, isZeroMac } from "../ethernet.ts";
import { sendLocal } from "../forward.ts";
import { freeValue, knownNumber } from "../free-value.ts";
import { localPortRange } from "../local-port-range.ts";
import { type HostRuntime, leaving } from "../runtime.ts";
import { TUNNEL_RECURSION_LIMIT } from "../send-limits.ts";
import { type ArpMessage, copySkb, type Skb } from "../skb.ts";
import { decapsulateEcn, encapsulateEcn } from "./ecn.ts";
import { endlessEncapsulation } from "./nested-frames.ts";
import { vxlanEntries } from "./vxlan-fdb.ts";

const ZERO_MAC = "00:00:00:00:00:00";
const VXLAN_HEADER = 8;
const ETHERNET_HEADER = 14;
const ARP_LENGTH = 28;

/**
 * vxlan_xmit(): the MAC address that a frame is for names the remote VTEPs in the FDB; a MAC without an entry goes to the
 * all-zero entries, else nowhere. Of several remotes each gets a copy, the first one last. The outer packet is this host's
 * own and takes the whole OUTPUT path, with the inner packet's mark (kernel.md H7).
 */
export function encapsulateVxlan(runtime: HostRuntime, device: Interface, skb: Skb): void {
  const { vxlan } = device;
  if (vxlan === null) {
    return drop(runtime, skb, null, "POSTROUTING", `the VXLAN settings of ${device.name} are not known: ip -d link`);
  }
  if (vxlan.vni < 0) return takesMetadata(runtime, device, skb);
  if (skb.tunnelled >= TUNNEL_RECURSION_LIMIT) {
    return drop(runtime, skb, "RECURSION_LIMIT", "POSTROUTING", `an encapsulation loop through ${device.name}`);
  }
  const endless = endlessEncapsulation(runtime, skb);
  if (endless !== null) return drop(runtime, skb, null, "POSTROUTING", endless);
  const remotes = remotesOf(runtime, device, vxlan, skb.destinationMac);
  if (remotes.length === 0) {
    return drop(
      runtime,
      skb,
      "NO_TX_TARGET",
      "POSTROUTING",
      `no FDB entry for ${skb.destinationMac} on ${device.name}`,
    );
  }
  const [first, ...others] = remotes;
  for (const remote of others) {
    const copy = copySkb(skb);
    if (copy !== null) sendTo(runtime, device, vxlan, copy, remote);
  }
  if (first !== undefined) sendTo(runtime, device, vxlan, skb, first);
}

/** A device in collect-metadata mode: what route or filter sets is not in any dump. */
function takesMetadata(runtime: HostRuntime, device: Interface, skb: Skb): void {
  const taken = runtime.services.choose({
    kind: "unknown",
    code: "tunnel-metadata",
    variable: `${runtime.host.name} ${device.name} external`,
    question: `where does ${device.name} on ${runtime.host.name} send it? its tunnel metadata (\`external\`) is not modelled`,
    alternatives: [
      { label: "it leaves", probability: 0 },
      { label: "it is dropped", probability: 0 },
    ],
    command: `ip -d link show ${device.name}`,
  });
  if (taken === 1) return drop(runtime, skb, null, "POSTROUTING", `dropped by ${device.name}`);
  runtime.services.end(runtime, skb, leaving(null, `into the tunnel ${device.name}`));
}

/** A remote end, and the entry that tells it (null: the device's own default remote, or learnt). */
interface Remote {
  readonly address: Address;
  /** Device that the look-up of the way there is bound to: entries made by command or learnt have none. */
  readonly via: string | null;
  readonly entry: FdbEntry | null;
}

function remotesOf(runtime: HostRuntime, device: Interface, vxlan: VxlanDevice, mac: string): readonly Remote[] {
  const told = (wanted: string): Remote[] =>
    vxlanEntries(runtime.host.fdb, device.name, wanted).flatMap((entry) =>
      entry.destination === null ? [] : [{ address: entry.destination, via: entry.via ?? null, entry }],
    );
  const exact = told(mac);
  if (exact.length > 0) return exact;
  const learnt = runtime.vtepOf.get(`${device.name} ${mac}`);
  if (learnt !== undefined) return [{ address: learnt, via: null, entry: null }];
  const fallback = told(ZERO_MAC);
  const { remote } = vxlan;
  if (remote !== null && !fallback.some(({ address }) => sameAddress(address, remote))) {
    fallback.push({ address: remote, via: vxlan.device, entry: null });
  }
  return fallback;
}

/** vxlan_xmit_one(). */
function sendTo(runtime: HostRuntime, device: Interface, vxlan: VxlanDevice, skb: Skb, remote: Remote): void {
  const carried = skb.route;
  const ttl = outerTtl(skb, vxlan);
  wrap(runtime, skb, vxlan, remote, ttl);
  skb.tunnelled++;
  skb.carrier = device;
  if (runtime.observer !== null && skb.carried?.arp === null) {
    runtime.observer.step({ kind: "encapsulate", runtime, skb, device: device.name, entry: remote.entry });
  }
  if (isMulticast(remote.address)) {
    const text = `to the multicast group ${formatAddress(remote.address)}`;
    return runtime.services.end(runtime, skb, leaving(null, text));
  }
  sendLocal(runtime, skb, {
    kind: "request",
    cause: null,
    defaultTtl: ttl === 0,
    selectSource: vxlan.local === null,
    tunnel: { device, noRoute: "IP_OUTNOROUTES" },
    ...(carried === null ? {} : { carried }),
  });
}

/** TTL of the outer packet; 0: as the host's own packets have it. */
function outerTtl({ packet, arp }: Skb, { ttl }: VxlanDevice): number {
  if (ttl !== "inherit") return ttl;
  return arp === null ? packet.ttl : 0;
}

/**
 * The outer packet keeps the socket of the one inside, which `-m owner` sees in its OUTPUT and POSTROUTING; a forwarded
 * packet has none, nor has then the outer one.
 */
function wrap(runtime: HostRuntime, skb: Skb, vxlan: VxlanDevice, remote: Remote, ttl: number): void {
  const { packet: inner, arp } = skb;
  const tos = vxlan.tos === "inherit" ? (arp === null ? inner.tos : 0) : vxlan.tos;
  const df = vxlan.df === "set" || (vxlan.df === "inherit" && arp === null && (inner.df || inner.src.family === 6));
  skb.carried = {
    source: skb.sourceMac,
    destination: skb.destinationMac,
    arp,
    carried: skb.carried,
  };
  skb.packet = packet({
    src: vxlan.local ?? unspecified(remote.address.family),
    dst: remote.address,
    protocol: UDP,
    sport: sourcePort(runtime, vxlan, skb, inner, arp),
    dport: vxlan.port,
    // what the route says, once it is known
    ttl: ttl > 0 ? ttl : defaultTtl(runtime, remote.address.family, null),
    tos: arp === null ? encapsulateEcn(tos, inner.tos) : tos,
    df,
    inner: arp === null ? inner : null,
    vni: vxlan.vni,
    payloadLength: VXLAN_HEADER + ETHERNET_HEADER + (arp === null ? packetLength(inner) : ARP_LENGTH),
  });
  skb.arp = null;
  skb.bridged = null;
  resetConntrack(skb);
  skb.input = null;
  skb.route = null;
  skb.boundInterface = remote.via;
}

/** Of a range its last port is hashed to only where it is the only one. */
function hashedPorts({ host }: HostRuntime): PortRange {
  const { first, last } = localPortRange(host);
  return { first, last: Math.max(first, last - 1) };
}

/** udp_flow_src_port(): a hash of the inner flow, so that one flow keeps one outer port. */
function sourcePort(runtime: HostRuntime, vxlan: VxlanDevice, skb: Skb, inner: Packet, arp: ArpMessage | null): number {
  const flow =
    arp === null
      ? `${formatAddress(inner.src)} ${formatAddress(inner.dst)} ${inner.protocol} ${inner.sport} ${inner.dport}`
      : `arp ${skb.sourceMac} ${skb.destinationMac}`;
  const known = runtime.tunnelPorts.get(flow);
  if (known !== undefined) return known;
  const { freeValues } = runtime.services;
  const port = knownNumber(freeValues, freeValue(freeValues, [vxlan.sourcePorts ?? hashedPorts(runtime)]));
  runtime.tunnelPorts.set(flow, port);
  return port;
}

/**
 * vxlan_rcv(): a VXLAN device with this port and network identifier takes the frame out again; the mark of the outer
 * packet stays on the inner one. False when no such device listens on the port.
 */
export function decapsulateVxlan(runtime: HostRuntime, skb: Skb): boolean {
  const outer = skb.packet;
  const listening = runtime.compiled.devices.filter(
    ({ kind, up, vxlan }) =>
      kind === "vxlan" && up && vxlan !== null && vxlan.port === outer.dport && familyOf(vxlan) === outer.dst.family,
  );
  if (listening.length === 0) return false;
  const { carried } = skb;
  if (carried === null) {
    const reason = outer.payloadLength < VXLAN_HEADER ? "PKT_TOO_SMALL" : "VXLAN_INVALID_HDR";
    drop(runtime, skb, reason, "INPUT", "no VXLAN header");
    return true;
  }
  const device =
    listening.find(({ vxlan }) => vxlan?.vni === outer.vni) ?? listening.find(({ vxlan }) => vxlan?.vni === -1);
  if (device === undefined || device.vxlan === null) {
    drop(runtime, skb, "VXLAN_VNI_NOT_FOUND", "INPUT", `no VXLAN device has the identifier ${outer.vni}`);
    return true;
  }
  takeOut(runtime, skb, device, device.vxlan);
  return true;
}

function familyOf({ local, remote }: VxlanDevice): Address["family"] {
  return local?.family ?? remote?.family ?? 4;
}

function takeOut(runtime: HostRuntime, skb: Skb, device: Interface, vxlan: VxlanDevice): void {
  const { packet: outer, carried } = skb;
  if (carried === null) return;
  const { source: sourceMac, destination: destinationMac, arp } = carried;
  if (sourceMac === device.mac) return drop(runtime, skb, "LOCAL_MAC", "INPUT", `it comes from ${device.name} itself`);
  if (vxlan.learning && vxlan.vni >= 0) {
    const refused = snoop(runtime, device, sourceMac, outer.src);
    if (refused !== null) return drop(runtime, skb, refused, "INPUT", `${device.name} knows ${sourceMac} elsewhere`);
  }
  if (arp === null && outer.inner !== null) {
    const tos = decapsulateEcn(outer.tos, outer.inner.tos);
    if (tos === null) return drop(runtime, skb, "IP_TUNNEL_ECN", "INPUT", "congestion marked on a packet without ECN");
    outer.inner.tos = tos;
    skb.packet = outer.inner;
    // __skb_checksum_validate_needed(): true of the outer datagram, whose sum is right or none.
    skb.checksumValid = true;
    skb.summed = false;
  }
  skb.arp = arp;
  skb.carried = carried.carried;
  skb.packetType = packetType(destinationMac, device.mac);
  skb.sourceMac = sourceMac;
  skb.destinationMac = destinationMac;
  skb.bridged = null;
  resetConntrack(skb);
  skb.route = null;
  if (runtime.observer !== null && arp === null) {
    runtime.observer.step({ kind: "decapsulate", runtime, skb, device: device.name, entry: null });
  }
  runtime.services.receiveLater(runtime, device, skb);
}

function packetType(destination: string, own: string | null): Skb["packetType"] {
  if (destination === "ff:ff:ff:ff:ff:ff") return "broadcast";
  if (destination === own || own === null || destination === "") return "host";
  return isGroupMac(destination) ? "multicast" : "otherhost";
}

/** vxlan_snoop(): the sender's MAC address is behind that VTEP from now on; an entry made by command is not moved. */
function snoop(
  runtime: HostRuntime,
  device: Interface,
  mac: string,
  from: Address,
): "MAC_INVALID_SOURCE" | "VXLAN_ENTRY_EXISTS" | null {
  if (isGroupMac(mac) || isZeroMac(mac)) return "MAC_INVALID_SOURCE";
  const [told] = vxlanEntries(runtime.host.fdb, device.name, mac);
  if (told?.destination !== undefined && told.destination !== null) {
    if (sameAddress(told.destination, from)) return null;
    if (told.permanent) return "VXLAN_ENTRY_EXISTS";
  }
  runtime.vtepOf.set(`${device.name} ${mac}`, from);
  return null;
}
