import type { Connection } from "../../emulator/tcp/connection.ts";
import type { Address, Family } from "../../net/address.ts";
import type { Prefix } from "../../net/prefix.ts";
import type { Capability } from "../messages/capability.ts";
import { PLAIN_FORM, type WireForm } from "../messages/message.ts";
import type { PathAttributes } from "../messages/path-attributes.ts";
import type { ChannelNextHop, Exporter } from "../rib/bgp-attributes.ts";
import type { PrefixKey } from "../rib/route.ts";
import type { Audience } from "./audience.ts";
import type { BgpConfiguration } from "./configuration.ts";
import type { Protocol } from "./protocol.ts";
import type { Taker } from "./receive-update.ts";
import type { Feed } from "./tell-audience.ts";
import type { Timer } from "./timer.ts";

/** States of a connection (bgp_state_names of proto/bgp/bgp.c, BIRD 1.6), from lowest to highest. */
export const CONNECTION_STATES = [
  "Idle",
  "Connect",
  "Active",
  "OpenSent",
  "OpenConfirm",
  "Established",
  "Close",
] as const;
export type ConnectionState = (typeof CONNECTION_STATES)[number];

/** What went wrong last, with BIRD's word for the kind of it. */
export interface PeerError {
  readonly kind: "none" | "misc" | "socket" | "received" | "sent" | "automatic" | "manual";
  readonly text: string;
}

export const NO_ERROR: PeerError = { kind: "none", text: "" };

/** One of the two connections that an instance may have: the one it makes and the one it takes. */
export interface PeerConnection {
  readonly outgoing: boolean;
  state: ConnectionState;
  socket: Connection | null;
  received: Uint8Array;
  /** Capabilities of the neighbour's OPEN. */
  capabilities: readonly Capability[];
  /** Of UPDATEs that come, and of those that go. */
  form: WireForm;
  sendForm: WireForm;
  holdTime: number;
  keepaliveTime: number;
  /** Counts sockets, so that what an old one tells is not taken for the new one's. */
  generation: number;
  /** Null while it has sent no OPEN: of the two connections of an instance one mostly never does. */
  timers: SessionTimers | null;
}

export interface SessionTimers {
  readonly hold: Timer;
  readonly keepalive: Timer;
}

/** A destination on its way to the neighbour; null attributes withdraw it. */
export interface Pending {
  readonly prefix: Prefix;
  readonly pathId: number;
  readonly attributes: PathAttributes | null;
}

/** What two OPENs agree on about the routes of one family (struct bgp_channel of BIRD 2). */
export interface ChannelAgreement {
  readonly family: Family;
  /** Both ends announced it. */
  readonly isActive: boolean;
  readonly addPathReceive: boolean;
  readonly addPathSend: boolean;
  readonly extendedNextHop: boolean;
  /** The neighbour's routes wait for it when it restarts. */
  readonly gracefulReady: boolean;
  /** Seconds for which they may be kept after that; 0: the neighbour does not promise to come back, or knows nothing of it. */
  readonly staleTime: number;
  readonly isLongLivedReady: boolean;
}

/** Of a family that one of the two does not know of. */
export const NO_CHANNEL: ChannelAgreement = Object.freeze({
  family: 4,
  isActive: false,
  addPathReceive: false,
  addPathSend: false,
  extendedNextHop: false,
  gracefulReady: false,
  staleTime: 0,
  isLongLivedReady: false,
});

/** A living instance of BGP: one neighbour. */
export interface Peer {
  readonly protocol: Protocol;
  configuration: BgpConfiguration;
  readonly exporter: Exporter & {
    sourceAddress: Address;
    neighbourInterface: string | null;
    nextHop: ChannelNextHop;
  };
  /** BSS_*: `prepare` until lock, neighbour and listening socket are there; `delay` while it waits after an error. */
  startState: "prepare" | "delay" | "connect" | "connect-nocap";
  startupDelay: number;
  lastProtocolError: number | null;
  lastError: PeerError;
  disabled: boolean;
  readonly outgoing: PeerConnection;
  readonly incoming: PeerConnection;
  /** The one of the session, while it is established. */
  session: PeerConnection | null;
  listens: boolean;
  sourceAddress: Address | null;
  neighbourInterface: string | null;
  /** What the OPENs agreed on about the own family, in BIRD 2; null: nothing yet, or a BIRD 1.6 asks. */
  channel: ChannelAgreement | null;
  addPathSend: boolean;
  gracefulReady: boolean;
  /** The neighbour restarts: its routes wait for it. */
  restarting: boolean;
  /** Its restart time is over, and its routes are kept as stale ones (RFC 9494). */
  longLived: boolean;
  /** For how many seconds they may be; null: the neighbour does not know of that. */
  staleTime: number | null;
  /** Routes that the neighbour has not told again, by prefix and path. */
  unconfirmed: Set<string>;
  /** When it connects next; null while that was never waited for, as these are while they were never needed. */
  retryTimer: Timer | null;
  startupTimer: Timer | null;
  restartTimer: Timer | null;
  staleTimer: Timer | null;
  /** Where it hears what others hear too, and from which change on; null: it is told nothing. */
  audience: Audience | null;
  cursor: number;
  /** What goes out to it alone. */
  pending: Map<PrefixKey, Pending>;
  /** What goes out to it before that, as to others who have come. */
  feed: Feed | null;
  pendingEnd: boolean;
  /** Who makes the same of UPDATEs (`receive-update.ts`), once it was asked. */
  taker: Taker | null;
  flushQueued: boolean;
  decisionQueued: boolean;
  timersStarted: number;
  readonly hash: number;
}

/** For all neighbours for whom nothing waits, and that do not restart: of thousands each would have two empty tables of its own. Nothing is put into them. */
export const NOTHING_PENDING: Peer["pending"] = new Map();
export const NOTHING_UNCONFIRMED: Peer["unconfirmed"] = new Set();

export const NOTHING_RECEIVED = new Uint8Array();
export const NO_CAPABILITIES: readonly Capability[] = [];

export function peerConnection(outgoing: boolean): PeerConnection {
  return {
    outgoing,
    state: "Idle",
    socket: null,
    received: NOTHING_RECEIVED,
    capabilities: NO_CAPABILITIES,
    form: PLAIN_FORM,
    sendForm: PLAIN_FORM,
    holdTime: 0,
    keepaliveTime: 0,
    generation: 0,
    timers: null,
  };
}

/** The higher state of the two connections, as BIRD shows it (bgp_state_dsc). */
export function shownState(peer: Peer): string {
  if (peer.protocol.state === "down") return "Down";
  const rank = Math.max(CONNECTION_STATES.indexOf(peer.incoming.state), CONNECTION_STATES.indexOf(peer.outgoing.state));
  const started = peer.startState === "connect" || peer.startState === "connect-nocap";
  if (rank === 0 && started && peer.configuration.passive) return "Passive";
  return CONNECTION_STATES[rank] ?? "Idle";
}

/** `Socket: Connection refused`; empty without an error (bgp_err_classes and bgp_last_errmsg). */
export function shownError({ lastError }: Peer): string {
  switch (lastError.kind) {
    case "none":
    case "manual":
      return "";
    case "misc":
      return `Error: ${lastError.text}`;
    case "socket":
      return `Socket: ${lastError.text}`;
    case "received":
      return `Received: ${lastError.text}`;
    case "sent":
      return `BGP Error: ${lastError.text}`;
    case "automatic":
      return `Automatic shutdown: ${lastError.text}`;
  }
}
