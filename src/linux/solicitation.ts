import type { Interface } from "../model/interface.ts";
import { type Address, formatAddress, ipv6, isLinkLocal, isMulticast, sameAddress } from "../net/address.ts";
import { V6_NEIGHBOUR_ADVERTISEMENT, V6_NEIGHBOUR_SOLICITATION } from "../net/icmp.ts";
import { copyPacket, type Packet, packet } from "../net/packet.ts";
import { ICMPV6 } from "../net/protocol.ts";
import { isInSubnetOf } from "./confirm-address.ts";
import { acceptsUntrackedNa, actsAsRouter, disablesIpv6, dropsUnsolicitedNa } from "./device-settings.ts";
import { multicastMac } from "./ethernet.ts";
import { standsInFor } from "./neighbour-discovery.ts";
import { findNeighbour, isFixed, setNeighbour } from "./neighbour-table.ts";
import { runHook } from "./netfilter/hooks.ts";
import { type Hook, hookName, INPUT, NF_ACCEPT, OUTPUT, POSTROUTING, PREROUTING } from "./netfilter/verdict.ts";
import { answersLater } from "./proxy-queue.ts";
import type { HostRuntime } from "./runtime.ts";
import { type Skb, skb } from "./skb.ts";

/**
 * Neighbour solicitations and advertisements on their way through netfilter (net/ipv6/ndisc.c): those of IPv6 pass
 * ip6tables as all packets of a host do, untracked. Which machines hear a question is the World's part.
 */

/** Journey of packets that belong to no packet of a probe. */
const NO_JOURNEY = -1;

/** Proves that no router forwarded it (RFC 4861 section 7.1.1); others are ignored. */
const NDISC_HOP_LIMIT = 255;

/** Target address and one link-layer address option behind the eight bytes of the ICMPv6 header. */
const PAYLOAD_LENGTH = 24;

/** A message that goes on, or why it does not. */
export type Message =
  | { readonly kind: "passed"; readonly packet: Packet; readonly sourceMac: string }
  | { readonly kind: "lost"; readonly text: string };

/**
 * ndisc_send_ns(): the question leaves the host that asks, to the group of those who may have the address, or to the target itself at a
 * MAC address; without a source (`solicitationSource6()`) there is none.
 */
export function sendSolicitation(
  runtime: HostRuntime,
  device: Interface,
  target: Address,
  source: Address | null,
  mac: string | null,
): Message {
  if (source === null) {
    const text = `${runtime.host.name} ${device.name} has no link-local address to ask for ${formatAddress(target)} from`;
    return { kind: "lost", text };
  }
  return send(
    runtime,
    device,
    message(V6_NEIGHBOUR_SOLICITATION, source, mac === null ? solicitedNode(target) : target),
    target,
  );
}

/**
 * ndisc_recv_ns(), ndisc_send_na(): the question reaches the host that owns `target`, which remembers who asked, and its
 * answer leaves.
 */
export function answerSolicitation(
  runtime: HostRuntime,
  device: Interface,
  target: Address,
  question: Message & { kind: "passed" },
  sentBy: string,
): Message {
  const asker = question.packet.src;
  const toMany = isMulticast(question.packet.dst);
  const lost = receive(runtime, device, question, toMany ? "multicast" : "host", target);
  if (lost !== null) return lost;
  if (toMany && standsInFor(device, target) && !answersLater(runtime, device, asker, target)) {
    const text = `${runtime.host.name} answers too late for ${formatAddress(target)}, for which it stands in (proxy_delay, proxy_qlen)`;
    return { kind: "lost", text };
  }
  learnLinkAddress(runtime, device, asker, question.sourceMac, sentBy);
  return send(runtime, device, message(V6_NEIGHBOUR_ADVERTISEMENT, target, asker), target);
}

/** ndisc_recv_na(): the answer reaches the host that asked. Null when it does, else why not. */
export function receiveAdvertisement(
  runtime: HostRuntime,
  device: Interface,
  target: Address,
  answer: Message & { kind: "passed" },
): string | null {
  return receive(runtime, device, answer, "host", target)?.text ?? null;
}

/** ndisc_send_unsol_na(): an address of the host is told to all on the link, unasked. */
export function sendUnsolicited(runtime: HostRuntime, device: Interface, address: Address): Message {
  const said = message(V6_NEIGHBOUR_ADVERTISEMENT, address, ALL_NODES);
  return send(runtime, device, said, address);
}

/**
 * ndisc_recv_na() of an advertisement that answers nothing: who is known, and has not failed, has that MAC address from now on; a router
 * takes in strangers where `accept_untracked_na` says so.
 */
export function receiveUnsolicited(
  runtime: HostRuntime,
  device: Interface,
  target: Address,
  said: Message & { kind: "passed" },
  sentBy: string,
): void {
  if (!device.up || disablesIpv6(runtime, device)) return;
  if (receive(runtime, device, said, "multicast", target) !== null || dropsUnsolicitedNa(runtime, device)) return;
  if (device.addresses.some(({ address }) => sameAddress(address, target))) return;
  const known = findNeighbour(runtime.neighbours, device.name, target);
  if (known === null ? !acceptsStranger(runtime, device, target) : known.text === "FAILED") return;
  learnLinkAddress(runtime, device, target, said.sourceMac, sentBy);
}

function acceptsStranger(runtime: HostRuntime, device: Interface, source: Address): boolean {
  if (!actsAsRouter(runtime, device)) return false;
  const mode = acceptsUntrackedNa(runtime, device);
  return mode === 1 || (mode === 2 && device.addresses.some((item) => isInSubnetOf(item, source)));
}

const ALL_NODES = ipv6(0xff020000, 0, 0, 1);

/** addrconf_addr_solict_mult(): ff02::1:ff00:0/104 with the last 24 bits of the address. */
function solicitedNode(target: Address): Address {
  return ipv6(0xff020000, 0, 1, (0xff000000 | (target.d & 0xffffff)) >>> 0);
}

function message(icmpType: number, src: Address, dst: Address): Packet {
  return packet({ src, dst, protocol: ICMPV6, ttl: NDISC_HOP_LIMIT, icmpType, payloadLength: PAYLOAD_LENGTH });
}

/** ndisc_send_skb(): OUTPUT, where rules may route it anew, and POSTROUTING. */
function send(runtime: HostRuntime, device: Interface, said: Packet, target: Address): Message {
  const frame = skb(said, NO_JOURNEY);
  const sourceMac = runtime.services.macOf(runtime, device);
  const asks = said.icmpType === V6_NEIGHBOUR_SOLICITATION;
  frame.fromKernel = true;
  frame.output = device;
  // ip6_route_me_harder() stays on the device for these destinations.
  const group = isMulticast(said.dst);
  if (asks || isLinkLocal(said.dst)) frame.boundInterface = device.name;
  if (group) frame.destinationMac = multicastMac(said.dst);
  if (!passes(runtime, frame, OUTPUT)) return lostAt(runtime, frame, OUTPUT, target);
  const { route } = frame;
  if (route !== null && route.kind !== "error" && route.output.name !== device.name) {
    return { kind: "lost", text: `${nameOf(said, target)} leaves ${runtime.host.name} by ${route.output.name}` };
  }
  if (!passes(runtime, frame, POSTROUTING)) return lostAt(runtime, frame, POSTROUTING, target);
  return { kind: "passed", packet: frame.packet, sourceMac };
}

/** ipv6_rcv() to ndisc_rcv(): PREROUTING, INPUT, and the hop limit that no rule may have changed. */
function receive(
  runtime: HostRuntime,
  device: Interface,
  sent: Message & { kind: "passed" },
  packetType: Skb["packetType"],
  target: Address,
): (Message & { kind: "lost" }) | null {
  const frame = skb(copyPacket(sent.packet), NO_JOURNEY);
  frame.input = device;
  frame.packetType = packetType;
  frame.sourceMac = sent.sourceMac;
  frame.destinationMac =
    packetType === "multicast" ? multicastMac(sent.packet.dst) : runtime.services.macOf(runtime, device);
  // The kernel receives it later, when the copy for whose sake it asked is on its way.
  const { duplicated } = runtime;
  runtime.duplicated = null;
  const refusing = !passes(runtime, frame, PREROUTING) ? PREROUTING : passes(runtime, frame, INPUT) ? null : INPUT;
  runtime.duplicated = duplicated;
  if (refusing !== null) return lostAt(runtime, frame, refusing, target);
  if (frame.packet.ttl === NDISC_HOP_LIMIT) return null;
  const text = `${nameOf(frame.packet, target)} reaches ${runtime.host.name} with a hop limit of ${frame.packet.ttl}, not ${NDISC_HOP_LIMIT}`;
  return { kind: "lost", text };
}

/** The packet in hand is another one: who listens to choices goes on with that afterwards. */
function passes(runtime: HostRuntime, frame: Skb, hook: Hook): boolean {
  const { current } = runtime.services;
  const before = { ...current };
  const verdict = runHook(runtime, frame, hook);
  current.runtime = before.runtime;
  current.skb = before.skb;
  return verdict === NF_ACCEPT;
}

function lostAt(
  runtime: HostRuntime,
  { packet: said, verdictChain, verdictRule }: Skb,
  hook: Hook,
  target: Address,
): Message & { kind: "lost" } {
  const where =
    verdictChain === null
      ? ""
      : ` (${verdictChain.table} ${verdictChain.program.chain.name}, ${verdictRule < 0 ? "policy" : `rule ${verdictRule + 1}`})`;
  const text = `${nameOf(said, target)} is dropped in ${hookName(hook)} of ${runtime.host.name}${where}`;
  return { kind: "lost", text };
}

function nameOf({ icmpType }: Packet, target: Address): string {
  const what = icmpType === V6_NEIGHBOUR_SOLICITATION ? "solicitation" : "advertisement";
  return `the neighbour ${what} for ${formatAddress(target)}`;
}

/** neigh_update() by a link-layer address option: what is known there already stays as it is. `sentBy`: host and device, in words. */
export function learnLinkAddress(
  runtime: HostRuntime,
  device: Interface,
  address: Address,
  mac: string,
  sentBy: string,
): void {
  const known = findNeighbour(runtime.neighbours, device.name, address);
  if (known !== null && (isFixed(known) || (known.state === "resolved" && known.mac === mac))) return;
  setNeighbour(runtime.neighbours, device.name, {
    address,
    mac,
    state: "resolved",
    text: `learnt from ${sentBy}`,
    updated: runtime.services.now(),
    headerCached: known?.headerCached ?? false,
  });
}
