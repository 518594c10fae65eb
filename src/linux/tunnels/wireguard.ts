import type { Interface } from "../../model/interface.ts";
import type { WireguardDevice, WireguardPeer } from "../../model/wireguard-device.ts";
import { type Address, formatAddress, unspecified } from "../../net/address.ts";
import { DEST_UNREACHABLE, HOST_UNREACHABLE, V6_ADDRESS_UNREACHABLE, V6_DEST_UNREACHABLE } from "../../net/icmp.ts";
import { packet, packetLength } from "../../net/packet.ts";
import { longestMatch, type PrefixMap, prefixMap } from "../../net/prefix-map.ts";
import { UDP } from "../../net/protocol.ts";
import { resetConntrack } from "../conntrack/track.ts";
import { sysctl } from "../device-settings.ts";
import { drop } from "../endings.ts";
import { sendLocal } from "../forward.ts";
import { sendIcmpError } from "../icmp.ts";
import { remembered } from "../remembered.ts";
import { type HostRuntime, leaving, PLAIN_ENDING } from "../runtime.ts";
import type { Skb } from "../skb.ts";
import { encapsulateEcn } from "./ecn.ts";

/**
 * WireGuard as a tunnel that nobody looks into (drivers/net/wireguard/): the allowed IPs of its peers say whom a packet goes to
 * and who may have sent it. By reading: the kernels this was tested on have no WireGuard. Keys are not exchanged: both ends
 * are taken to have done that, which the answer says.
 */

/** Data message: header of 16 bytes, and the authentication tag. */
const OVERHEAD = 32;
/** MESSAGE_PADDING_MULTIPLE. */
const PADDING = 16;
/** Two ECN bits. */
const CE = 3;

interface AllowedIps {
  readonly 4: PrefixMap<WireguardPeer>;
  readonly 6: PrefixMap<WireguardPeer>;
}

/** The peers of a device by what they are allowed; an address that two of them have is the last one's. */
const allowedIps = remembered((device: WireguardDevice): AllowedIps => {
  const entries = [...device.peers].reverse().flatMap((peer) => peer.allowed.map((prefix) => [prefix, peer] as const));
  const of = (family: 4 | 6) =>
    prefixMap(
      family,
      entries.filter(([{ address }]) => address.family === family),
    );
  return { 4: of(4), 6: of(6) };
});

function peerOf(device: WireguardDevice, address: Address): WireguardPeer | null {
  return longestMatch(allowedIps(device)[address.family], address);
}

/** wg_xmit(): to the peer whose allowed IPs hold the destination; without one the sender is told, and hears ENOKEY. */
export function encapsulateWireguard(runtime: HostRuntime, skb: Skb, device: Interface): void {
  const { wireguard } = device;
  if (wireguard === undefined || wireguard === null) {
    return runtime.services.end(
      runtime,
      skb,
      leaving(null, `into the tunnel ${device.name}: wg show was not collected`),
    );
  }
  const { dst } = skb.packet;
  const peer = peerOf(wireguard, dst);
  if (peer === null) {
    return refuse(runtime, skb, "ENOKEY", `no peer of ${device.name} is allowed ${formatAddress(dst)}`);
  }
  if (peer.endpoint === null) {
    return refuse(runtime, skb, "EDESTADDRREQ", `the peer ${peer.publicKey} of ${device.name} has no endpoint`);
  }
  seal(runtime, skb, device, wireguard, peer, peer.endpoint);
}

function refuse(runtime: HostRuntime, skb: Skb, errno: string, text: string): void {
  if (skb.packet.src.family === 6) sendIcmpError(runtime, skb, V6_DEST_UNREACHABLE, V6_ADDRESS_UNREACHABLE, 0);
  else sendIcmpError(runtime, skb, DEST_UNREACHABLE, HOST_UNREACHABLE, 0);
  if (skb.input === null) skb.errno = errno;
  if (runtime.observer !== null) runtime.observer.step({ kind: "reject", runtime, skb, text });
  const error = skb.input === null ? errno : null;
  runtime.services.end(runtime, skb, { ...PLAIN_ENDING, outcome: "rejected", hook: "POSTROUTING", error, text });
}

/** wg_packet_encrypt_worker(), send4() and send6(): an UDP datagram of this host's own, with the device's mark. */
function seal(
  runtime: HostRuntime,
  skb: Skb,
  device: Interface,
  { mark, port, publicKey }: WireguardDevice,
  peer: WireguardPeer,
  endpoint: NonNullable<WireguardPeer["endpoint"]>,
): void {
  const inner = skb.packet;
  const carried = skb.route;
  const length = packetLength(inner);
  skb.packet = packet({
    src: unspecified(endpoint.address.family),
    dst: endpoint.address,
    protocol: UDP,
    sport: port,
    dport: endpoint.port,
    ttl: sysctl(runtime, "net.ipv4.ip_default_ttl", 64),
    tos: encapsulateEcn(0, inner.tos),
    inner,
    sealed: { from: publicKey, to: peer.publicKey },
    payloadLength: OVERHEAD + Math.max(length, Math.min(Math.ceil(length / PADDING) * PADDING, device.mtu)),
  });
  resetConntrack(skb);
  skb.mark = mark;
  skb.bridged = null;
  skb.input = null;
  // wg_packet_encrypt_worker(): it goes on in another context.
  skb.tunnelled = 0;
  skb.carrier = device;
  skb.route = null;
  skb.owner = null;
  skb.confirms = false;
  skb.boundInterface = null;
  runtime.services.assume(
    runtime,
    "wireguard-unverified",
    `${device.name} and its peer have exchanged keys, and behave as documented: they are not verified against a kernel`,
  );
  if (runtime.observer !== null) {
    runtime.observer.step({ kind: "encapsulate", runtime, skb, device: device.name, entry: null });
  }
  sendLocal(runtime, skb, {
    kind: "request",
    cause: null,
    defaultTtl: true,
    selectSource: true,
    tunnel: { device, noRoute: null },
    ...(carried === null ? {} : { carried }),
  });
}

/**
 * wg_packet_receive() and wg_packet_consume_data_done(): the device with the port and the key takes the packet out, if its source
 * is among what the sender is allowed. False where the datagram is none of WireGuard's.
 */
export function decapsulateWireguard(runtime: HostRuntime, skb: Skb): boolean {
  const outer = skb.packet;
  const { sealed, inner } = outer;
  if (sealed === null || inner === null) return false;
  const devices = runtime.compiled.devices.filter(({ kind, up }) => kind === "wireguard" && up);
  const device = devices.find(({ wireguard }) => wireguard?.port === outer.dport);
  const untold = devices.find(({ wireguard }) => (wireguard ?? null) === null);
  if (device === undefined && untold !== undefined) {
    runtime.services.end(runtime, skb, leaving(null, `into the tunnel ${untold.name}: wg show was not collected`));
    return true;
  }
  if (device === undefined) return false;
  const { wireguard } = device;
  const own = wireguard?.publicKey ?? null;
  if (own !== null && own !== sealed.to) {
    drop(runtime, skb, null, "INPUT", `it is sealed for ${sealed.to}, which is not the key of ${device.name}`);
    return true;
  }
  const routed = wireguard ? peerOf(wireguard, inner.src) : null;
  const isKnown = sealed.from === null || wireguard?.peers.some(({ publicKey }) => publicKey === sealed.from) === true;
  if (!isKnown) {
    drop(runtime, skb, null, "INPUT", `the sender's key ${sealed.from} is that of no peer of ${device.name}`);
    return true;
  }
  if (routed === null || (sealed.from !== null && routed.publicKey !== sealed.from)) {
    drop(runtime, skb, null, "INPUT", `${device.name} allows its peer no packets from ${formatAddress(inner.src)}`);
    return true;
  }
  if ((outer.tos & CE) === CE && (inner.tos & CE) !== 0) inner.tos |= CE;
  skb.packet = inner;
  skb.mark = 0;
  skb.bridged = null;
  resetConntrack(skb);
  skb.route = null;
  skb.packetType = "host";
  skb.sourceMac = "";
  skb.destinationMac = "";
  if (runtime.observer !== null) {
    runtime.observer.step({ kind: "decapsulate", runtime, skb, device: device.name, entry: null });
  }
  runtime.services.receiveLater(runtime, device, skb);
  return true;
}
