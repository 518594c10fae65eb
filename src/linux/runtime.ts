import type { AssumptionCode } from "../model/codes/assumption-codes.ts";
import type { Host } from "../model/host.ts";
import type { Interface } from "../model/interface.ts";
import type { Address } from "../net/address.ts";
import type { Packet } from "../net/packet.ts";
import type { PortSet } from "../net/port-set.ts";
import type { BridgeFdb } from "./bridge-fdb.ts";
import type { Chooser } from "./chooser.ts";
import type { CompiledHost } from "./compiled-host.ts";
import type { Connection } from "./conntrack/connection.ts";
import type { ConntrackTable } from "./conntrack/table.ts";
import type { DropReason } from "./drop-reason.ts";
import type { FragmentPool } from "./fragment-memory.ts";
import type { FreeValues } from "./free-value.ts";
import type { IcmpLimits } from "./icmp-limit.ts";
import type { NeighbourTable } from "./neighbour-table.ts";
import type { Indexing } from "./netfilter/chain-index.ts";
import type { MatchStateTables } from "./netfilter/match-state.ts";
import type { SetState } from "./netfilter/set-state.ts";
import type { BoundChain } from "./netfilter/table-image.ts";
import type { OutputAnswer } from "./netfilter/unknown-output.ts";
import type { Hook } from "./netfilter/verdict.ts";
import type { Unanswered } from "./no-neighbour.ts";
import type { Observer } from "./observer.ts";
import type { Memory } from "./packet-memory.ts";
import type { ProxyQueue } from "./proxy-queue.ts";
import type { FragmentQueue } from "./reassembly.ts";
import type { RouteExceptions } from "./route-exceptions.ts";
import type { RouteChanges } from "./routing/programmed-routes.ts";
import type { RoutingResult } from "./routing/result.ts";
import type { Supposition } from "./routing/unknown-route.ts";
import type { HookSocket, Owner, Skb } from "./skb.ts";

/** How a packet's journey ended on a host. */
export interface Ending {
  readonly outcome: "delivered" | "dropped" | "rejected" | "left" | "unresolved";
  readonly reason: DropReason | null;
  /** Words for people. */
  readonly text: string;
  /** Hook it was at, when netfilter or the path around a hook decided. */
  readonly hook: "PREROUTING" | "INPUT" | "FORWARD" | "OUTPUT" | "POSTROUTING" | null;
  /** errno the local sender sees. */
  readonly error: string | null;
  /** True when a netfilter rule or policy decided: it stands in the skb. */
  readonly byRule: boolean;
  /** Where `left` packets go. */
  readonly nextHop: Address | null;
  readonly socket: "open" | "closed" | "assumed-open" | "unknown" | null;
}

/** An ending at rest: a silent drop that no rule decided. Give what differs. */
export const PLAIN_ENDING: Ending = {
  outcome: "dropped",
  reason: null,
  text: "",
  hook: null,
  error: null,
  byRule: false,
  nextHop: null,
  socket: null,
};

/** The ending of a packet that leaves for machines that nobody dumped. */
export function leaving(nextHop: Address | null, text: string): Ending {
  if (lastLeaving.nextHop !== nextHop || lastLeaving.text !== text) {
    lastLeaving = {
      outcome: "left",
      reason: null,
      text,
      hook: null,
      error: null,
      byRule: false,
      nextHop,
      socket: null,
    };
  }
  return lastLeaving;
}

/** Packet after packet leaves over one gateway. */
let lastLeaving: Ending = { ...PLAIN_ENDING, outcome: "left" };

/** What a MAC look-up says: an address, nobody, or out of the modelled world. */
export type Resolution =
  | { readonly kind: "mac"; readonly mac: string; readonly text: string }
  | { readonly kind: "unresolved"; readonly text: string }
  | { readonly kind: "left"; readonly text: string };

/** What a host needs from the World around it. */
export interface Services {
  /** The packet in hand and the host it is on, for who listens to choices. */
  current: { runtime: HostRuntime | null; skb: Skb | null };
  /** Virtual time in seconds. */
  now(): number;
  /** What time it is, in seconds since 1970; null where nobody said when the dumps were taken. */
  wallClock(): number | null;
  readonly choose: Chooser;
  readonly freeValues: FreeValues;
  /**
   * Notes that the answer rests on an assumption about a host; `detail` names the item. Answers 0: it holds.
   * A caller that can also go on without it says in how many other ways (`otherwise`, 0 by default), and is told 1 to
   * `otherwise` in a World that doubts the assumption.
   */
  assume(runtime: HostRuntime, code: AssumptionCode, detail: string, otherwise?: number): number;
  /** Puts a frame on the link of `device`. False where the other end of a veth pair refuses it, which the sender is told. */
  transmit(runtime: HostRuntime, device: Interface, skb: Skb): boolean;
  /** Whether a device is on a link. */
  isJoined(runtime: HostRuntime, device: Interface): boolean;
  /** Whether the link of a bridge port has a member with that MAC address. */
  reaches(runtime: HostRuntime, port: Interface, mac: string): boolean;
  /** Hands a packet back to the receive path of the same host (`lo`, tunnels) as a later event. */
  receiveLater(runtime: HostRuntime, device: Interface, skb: Skb): void;
  /** The MAC address of a device of this host; one that no dump told gets a stable stand-in. */
  macOf(runtime: HostRuntime, device: Interface): string;
  /** Asks the link who has `nextHop`, in the name of `sender`; `mac`: only whoever has that MAC address. */
  resolve(
    runtime: HostRuntime,
    device: Interface,
    nextHop: Address,
    sender: Address | null,
    mac?: string | null,
  ): Resolution;
  /** Tells the link of `device` that it has `address` (an unsolicited neighbour advertisement). */
  advertise(runtime: HostRuntime, device: Interface, address: Address): void;
  /** Where machines without dumps route `destination` on the link of `device`, as snapshot.yaml tells; null: unknown. */
  fabricRoute(runtime: HostRuntime, device: Interface, destination: Address): Address | null;
  /** Calls `action` with `on` after so many virtual seconds. */
  after<On extends readonly unknown[]>(seconds: number, action: (...on: On) => void, on: On): void;
  /** Sends a packet of this host's own; `cause` is the packet that provoked it. Returns the errno or null. */
  send(runtime: HostRuntime, packet: Packet, options: SendOptions): string | null;
  /** Sends a packet of this host's own in a frame that is complete: out of the device, past all rules. */
  sendFrame(
    runtime: HostRuntime,
    packet: Packet,
    frame: {
      readonly device: Interface;
      readonly sourceMac: string;
      readonly destinationMac: string;
      readonly kind: PacketKind;
      readonly cause: Skb;
    },
  ): void;
  /** Sends a copy of a packet in hand to another gateway, by `output` where a device is given (`-j TEE`). */
  copy(runtime: HostRuntime, original: Skb, hook: Hook, gateway: Address, output: string | null): void;
  /** Whether a program of the World has a connected socket for the packet. */
  isConnected(runtime: HostRuntime, packet: Packet): boolean;
  /** The packet reached a local receiver; answers whether somebody listens. */
  deliver(runtime: HostRuntime, skb: Skb): Ending["socket"];
  end(runtime: HostRuntime, skb: Skb, ending: Ending): void;
  /** The fragment in hand waits for the others: so it ends if nothing else comes of it. */
  hold(runtime: HostRuntime, skb: Skb, ending: Ending): void;
}

/** What a packet is, in the words of INTERFACES section 4; `request` is what a probe sends. */
export type PacketKind =
  | "request"
  | "icmp"
  | "tcp-reset"
  | "echo-reply"
  | "syn-ack"
  | "ack"
  | "data"
  | "fin"
  | "copy"
  | "init-ack"
  | "cookie-echo"
  | "cookie-ack"
  | "abort";

export interface SendOptions {
  readonly kind: PacketKind;
  readonly cause: Skb | null;
  readonly mark?: number;
  readonly owner?: Owner | null;
  readonly boundInterface?: string | null;
  /** IPv6: routes over this interface are preferred, but others will do (flowi6_oif of a socket that is not bound). */
  readonly preferredInterface?: string;
  /** True: the source in the packet is not used for the route look-up (a raw socket with its own header). */
  readonly raw?: boolean;
  /** True when the source was not chosen by the sender and the route's is to be taken. */
  readonly selectSource?: boolean;
  /** True for a program's first packet by a socket that it has bound to the source: bind() may refuse that (`bind-address.ts`). */
  readonly binds?: boolean;
  /** True where the source must be an address of this host: a socket of IPv4 that is not transparent has no other (no FLOWI_FLAG_ANYSRC). */
  readonly ownSource?: boolean;
  /** True for the first packet of a socket that connects: the route is looked up twice (ip_route_connect). */
  readonly connects?: boolean;
  readonly fromKernel?: boolean;
  /** True where the TTL is left to the host (`default-ttl.ts`). */
  readonly defaultTtl?: boolean;
  /** True where DF only asks for path MTU discovery (IP_PMTUDISC_WANT): there is none on a route whose MTU is locked. */
  readonly discoversMtu?: boolean;
  /** See `Skb.hookSocket`. */
  readonly hookSocket?: HookSocket | null;
  /** See `Skb.socketless`. */
  readonly socketless?: boolean;
  /** The connection that this reset closes: once it has a route, and before any rule sees it (nf_ct_set_closing() in nf_send_reset()). */
  readonly closes?: Connection;
  /** The tunnel device that sends it, and why it drops what it finds no route for. */
  readonly tunnel?: { readonly device: Interface; readonly noRoute: DropReason | null };
  /** The device that the kernel gave the packet itself (ndisc_alloc_skb(), `skb->dev`): see `Skb.carrier`. */
  readonly device?: Interface;
  /** Route of the packet that a tunnel carries, which learns how little room there is. */
  readonly carried?: RoutingResult;
}

/** Rule counters, kept only where somebody asks for them. */
export interface RuleCounters {
  count(chain: BoundChain, rule: number, skb: Skb): void;
  countPolicy(chain: BoundChain, skb: Skb): void;
}

/**
 * The changing state of one host, owned by the World: what packets leave behind. The Host it runs stays as it is.
 */
export interface HostRuntime {
  /** Another one once somebody has changed it: rules, addresses, a link that is down. */
  host: Host;
  /** Another one once a routing daemon has changed the routes (routing/programmed-routes.ts). */
  compiled: CompiledHost;
  readonly routeChanges: RouteChanges;
  readonly services: Services;
  readonly observer: Observer | null;
  readonly counters: RuleCounters | null;
  readonly conntrack: ConntrackTable;
  /** What a person supposes where nothing was dumped; null: nothing. */
  readonly supposition: Supposition | null;
  /** Sets that packets have changed, by name. */
  readonly sets: Map<string, SetState>;
  readonly neighbours: NeighbourTable;
  /** What waits for the neighbours that it asks for, by device and address. */
  readonly unanswered: Map<string, Unanswered>;
  /** Questions for addresses that this host stands in for, by device and family. */
  readonly proxied: Map<string, ProxyQueue>;
  /** The neighbours that a question is on its way to at this moment: what a rule makes of it waits for its answer. */
  readonly asking: { readonly device: Interface; readonly nextHop: Address }[];
  readonly matchStates: MatchStateTables;
  readonly indexing: Indexing;
  /** Parts of the compiled host whose assumptions this runtime has told, with what it was answered. */
  readonly noted: Map<object, number>;
  /** What is known of the multipath hash of a flow (`routing/multipath.ts`), by flow. */
  readonly multipathHashes: Map<string, PortSet>;
  /** Remote ends that VXLAN devices with `learning` have learnt, by device and MAC address. */
  readonly vtepOf: Map<string, Address>;
  /** What was answered about the outgoing interface where no routes were dumped, by destination. */
  readonly unknownOutputs: Map<string, readonly OutputAnswer[]>;
  /** Outer source ports of VXLAN by inner flow. */
  readonly tunnelPorts: Map<string, number>;
  /** Forwarding databases of this host's bridges, by name. */
  readonly bridges: Map<string, BridgeFdb>;
  /** Datagrams of which some fragments have come. */
  readonly fragments: Map<string, FragmentQueue>;
  /** What those take that wait, by whose they are. */
  readonly fragmentMemory: Map<FragmentPool, Memory>;
  /** What was learnt about the way to single destinations, path MTUs and redirects; null while nothing was. */
  exceptions: RouteExceptions | null;
  /** ICMP messages that were sent lately, as far as limits go by them. */
  readonly icmpLimits: IcmpLimits;
  /** Next value of the IP identification counter. */
  nextId: number;
  /** What TEE copied, while the copy is on its way out: what the host sends meanwhile is not copied (`in_nf_duplicate`). */
  duplicated: Skb | null;
}
