import type { Interface } from "../model/interface.ts";
import type { Address } from "../net/address.ts";
import { copyPacket, type Packet } from "../net/packet.ts";
import type { FrameMacs } from "../net/wire/encode-packet.ts";
import type { Connection } from "./conntrack/connection.ts";
import type { ConntrackTemplate } from "./conntrack/zone.ts";
import type { Reassembled } from "./fragment.ts";
import type { BoundChain } from "./netfilter/table-image.ts";
import type { RoutingResult } from "./routing/result.ts";

/** Conntrack states as bits, so that `--ctstate A,B` is one mask. NONE: conntrack has not seen the packet. */
export const CT_NONE = 0;
export const CT_INVALID = 1;
export const CT_NEW = 2;
export const CT_ESTABLISHED = 4;
export const CT_RELATED = 8;
export const CT_UNTRACKED = 16;

/** An Ethernet frame inside VXLAN: `packet.inner` is its IP packet, unless it carries ARP. */
export interface CarriedFrame extends FrameMacs {
  readonly arp: ArpMessage | null;
  /** The frame that the carried packet carries in its turn. */
  readonly carried: CarriedFrame | null;
}

/** RFC 826. */
export interface ArpMessage {
  readonly operation: "request" | "reply";
  readonly senderMac: string;
  readonly sender: Address;
  readonly target: Address;
  /** Host and device that sent it, in words. */
  readonly sentBy: string;
}

/** `struct nf_bridge_info`: the ports of a frame that passed PREROUTING on its way through a bridge. */
export interface BridgedFrame {
  readonly physicalInput: Interface;
  /** Null until the bridge has decided where it leaves, and for packets that are routed. */
  physicalOutput: Interface | null;
}

/** Who sent a local packet. */
export interface Owner {
  readonly uid: number;
  /** Null: nobody said. */
  readonly gid: number | null;
}

/** A program's socket, as far as routes are looked up for it. */
export interface HookSocket {
  readonly owner: Owner;
  readonly boundInterface: string | null;
}

/**
 * The packet in hand and what the kernel's `sk_buff` knows beside the headers. One walk mutates one skb; links,
 * rules and routes are references, so nothing is allocated while it moves.
 */
export interface Skb {
  packet: Packet;
  /** `skb->mark`, uint32. Lost on the way to another namespace. */
  mark: number;
  input: Interface | null;
  output: Interface | null;
  /** Layer-2 source and destination of the frame it arrived in or leaves with; empty on `lo` and tunnels. */
  sourceMac: string;
  destinationMac: string;
  /** PACKET_HOST, PACKET_BROADCAST, PACKET_MULTICAST, PACKET_OTHERHOST. */
  packetType: "host" | "broadcast" | "multicast" | "otherhost";
  connection: Connection | null;
  /** One of CT_*. */
  ctState: number;
  /** IP_CT_DIR_REPLY. */
  ctReply: boolean;
  /** It answers a packet that is not tracked, and counts as seen (nf_ct_attach) though it has no connection. */
  attached: boolean;
  /** What `-j CT` said about it before conntrack saw it. */
  template: ConntrackTemplate | null;
  route: RoutingResult | null;
  /** Local sender; null for packets that arrived. */
  owner: Owner | null;
  /** True for what the kernel itself sends (ICMP errors, resets). */
  fromKernel: boolean;
  /** True for what the kernel sends through no socket, not even one of its own (`skb->sk` is null). */
  socketless: boolean;
  /** What decided the last verdict that was not ACCEPT, read when the packet is dropped. */
  verdictChain: BoundChain | null;
  /** Index of the deciding rule from 0, or -1 for the chain's policy. */
  verdictRule: number;
  /** True once a REJECT has answered for it: the drop that follows calls for an error. */
  rejected: boolean;
  /** True once it waits in a queue, from which nothing comes back (NF_QUEUE): its drop has no reason and no errno. */
  stolen: boolean;
  /** True once a match found the header that it reads cut short (`par->hotdrop`): whatever the rule says, the packet is dropped. */
  cutShort: boolean;
  /** Why it is dropped where no rule says so, as when connection tracking or NAT does not let it go on; null: a rule does. */
  withoutRule: string | null;
  /** What the sender is told when the packet is dropped for another reason than a rule (NF_DROP_ERR). */
  errno: string | null;
  /** The frame that VXLAN carries in this packet; null otherwise. */
  carried: CarriedFrame | null;
  /** The ARP message that this frame carries instead of an IP packet; null otherwise. */
  arp: ArpMessage | null;
  /** 802.1Q tag of the frame; 0: none. */
  vlan: number;
  /** What br_netfilter remembers of a frame that came in by a bridge port; null for all others. */
  bridged: BridgedFrame | null;
  /** Number of the journey it is on: one for each packet somebody sent (see `emulator/journey.ts`). */
  journey: number;
  /** Receives and transmits so far, to end loops that TTLs do not (`lo`, bridges, VXLAN in VXLAN). */
  hops: number;
  /** Where it was received when `hops` was last a power of two. */
  landmark: Interface | null;
  /** How many ports had been drawn by then: a loop that draws one at each turn uses them up. */
  drawsAtLandmark: number;
  /** Host and device that it came to again and again, once that is noticed; null: no loop so far. */
  loop: string | null;
  /** How many tunnels this host has put around it since it came in: devices that send through each other. */
  tunnelled: number;
  /** Copies that bridges and VXLAN devices made of one frame, which share this count; null: none yet. */
  copies: { count: number } | null;
  /**
   * The tunnel device that made this packet of another one, or that by which a redirect in IPv6 or a copy of TEE leaves (`skb->dev`):
   * in POSTROUTING it counts as the incoming device.
   */
  carrier: Interface | null;
  /** The device that the packet came in by of which TEE made this one (`IP6CB(skb)->iif`); null for all else. */
  copiedFrom: Interface | null;
  /** Sent by a raw socket with a header of its own (`!skb->ignore_df`): in IPv6 nobody cuts it. */
  ownHeader: boolean;
  /** Hears itself: the copy of what this host sends to many (PACKET_LOOPBACK). */
  loopedBack: boolean;
  /** Interface the socket is bound to (SO_BINDTODEVICE), or null. */
  boundInterface: string | null;
  /**
   * The socket of the program that this reset by a rule of OUTPUT answers (`nf_hook_state.sk`); null for all else. IPv4 looks for its first
   * route by it (nf_send_reset()), IPv6 for the one after OUTPUT changed it (nf_send_reset6()).
   */
  hookSocket: HookSocket | null;
  /** How it came, when it came in fragments; null otherwise. */
  reassembled: Reassembled | null;
  /**
   * The MTU for which its own host laid it out in several pieces of memory (ip_append_data()): in these it leaves, though rules have
   * sent it another way since, where they fit. 0: it is in one piece.
   */
  appendedFor: number;
  /** True where a receiver looks for its extension headers in the wrong place (`extension-headers.ts`). */
  misread: boolean;
  /**
   * What its socket heard may make it confirm the neighbours that it is sent to (skb_set_dst_pending_confirm()): those of its own host, and
   * of others on the same machine that it comes to by veth.
   */
  confirms: boolean;
  /**
   * What UDP found right around it, in VXLAN, counts for it as well (`skb->csum_valid`), until conntrack sums it or it leaves the machine:
   * REJECT does not look any more.
   */
  checksumValid: boolean;
  /**
   * Conntrack has summed it and keeps what it found (`skb->csum_complete_sw`): UDP knows at once that the checksum is wrong, UDP-Lite,
   * which it sums in its own way, does not. Routers and bridges forget it when they send the packet on (skb_forward_csum()).
   */
  summed: boolean;
  /** TPROXY has given it to a transparent socket, which answers from any address. */
  transparent: boolean;
  /** The packet it is a piece of, when a host of this World cut it up; null otherwise. */
  pieceOf: Packet | null;
}

/** True for what went to a broadcast or multicast address, in its frame or by its route: nothing is answered to that. */
export function isForMany(skb: Skb): boolean {
  return skb.packetType !== "host" || isRoutedToMany(skb);
}

/** RTCF_BROADCAST, RTCF_MULTICAST: what UDP and ICMP go by, whatever the frame. */
export function isRoutedToMany({ route }: Skb): boolean {
  return route?.kind === "broadcast" || route?.kind === "multicast";
}

/** What is added to the end of a packet that came to one place again and again; empty for others. */
export function loopWords({ loop }: Skb): string {
  return loop === null ? "" : ` in a loop: it came to ${loop} again and again`;
}

/** More copies than any loop-free network makes of one frame: bridges that form a loop never stop. */
const STORM = 1000;

/** skb_clone(), for a frame that leaves by several ways. Null in a broadcast storm, which would not end. */
export function copySkb(original: Skb): Skb | null {
  original.copies ??= { count: 0 };
  if (original.copies.count++ > STORM) return null;
  const bridged = original.bridged === null ? null : { ...original.bridged };
  return { ...original, packet: copyPacket(original.packet), bridged };
}

export function skb(packet: Packet, journey: number): Skb {
  return {
    packet,
    mark: 0,
    input: null,
    output: null,
    sourceMac: "",
    destinationMac: "",
    packetType: "host",
    connection: null,
    ctState: CT_NONE,
    ctReply: false,
    attached: false,
    template: null,
    route: null,
    owner: null,
    fromKernel: false,
    socketless: false,
    verdictChain: null,
    verdictRule: -1,
    rejected: false,
    stolen: false,
    cutShort: false,
    withoutRule: null,
    errno: null,
    carried: null,
    arp: null,
    vlan: 0,
    bridged: null,
    journey,
    hops: 0,
    landmark: null,
    drawsAtLandmark: 0,
    loop: null,
    tunnelled: 0,
    copies: null,
    carrier: null,
    copiedFrom: null,
    ownHeader: false,
    loopedBack: false,
    boundInterface: null,
    hookSocket: null,
    reassembled: null,
    appendedFor: 0,
    misread: false,
    confirms: false,
    checksumValid: false,
    summed: false,
    transparent: false,
    pieceOf: null,
  };
}
