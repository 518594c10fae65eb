import type { BgpSession } from "../model/evidence.ts";
import type { Network, NetworkBgp } from "../model/network.ts";
import { type Address, formatAddress, sameAddress } from "../net/address.ts";
import { askProbe, prepareProbe } from "../trace/probe.ts";
import type { Answer } from "../trace/result.ts";
import { isEstablished, isPassive } from "./bgp-evidence.ts";

type HostSession = NetworkBgp["sessions"][number];

/** The TCP connection that one side of a session would open. */
export interface SessionAttempt {
  readonly from: string;
  readonly to: Address;
  readonly port: number;
  readonly answer: Answer;
}

/** A session that is down, from both ends where both are hosts of the network. */
export interface SessionDown {
  readonly host: string;
  /** Host of the peer; null where no host has its address. */
  readonly peer: string | null;
  readonly address: Address;
  readonly sides: readonly HostSession[];
  /** Of every side that dials. */
  readonly attempts: readonly SessionAttempt[];
}

const BGP_PORT = 179;

/** The sessions of a host that are down, with what becomes of the packets that would open them. */
export function sessionsDown(network: Network, sessions: readonly HostSession[], host: string): readonly SessionDown[] {
  return sessions
    .filter((session) => session.host === host && !isEstablished(session))
    .flatMap((session) => {
      const { peer: address } = session;
      if (address === null) return [];
      const peer = hostWith(network, address);
      const other = peer === null ? undefined : backOf(network, sessions, session, peer);
      const sides = other === undefined ? [session] : [session, other];
      return [{ host, peer, address, sides, attempts: sides.flatMap((side) => attemptOf(network, side) ?? []) }];
    });
}

/** What the other end says of the same session. */
function backOf(
  network: Network,
  sessions: readonly HostSession[],
  { host, peer }: HostSession,
  other: string,
): HostSession | undefined {
  return sessions.find(
    (session) =>
      session.host === other &&
      session.peer !== null &&
      session.peer.family === peer?.family &&
      hostWith(network, session.peer) === host,
  );
}

function attemptOf(network: Network, session: HostSession): SessionAttempt | null {
  const { host, peer, peerPort } = session;
  if (peer === null || isPassive(session)) return null;
  const port = peerPort ?? BGP_PORT;
  const prepared = prepareProbe(network, {
    from: host,
    to: formatAddress(peer),
    kind: "connect",
    protocol: null,
    port,
    sport: null,
    size: null,
    df: false,
  });
  return "findings" in prepared ? null : { from: host, to: peer, port, answer: askProbe(network, prepared.probe) };
}

/** The host with an address; null when nobody has it. */
export function hostWith(network: Network, address: Address): string | null {
  for (const { name, kind, interfaces } of network.hosts.values()) {
    if (kind === "pod") continue;
    for (const device of interfaces.values()) {
      if (device.addresses.some((own) => sameAddress(own.address, address))) return name;
    }
  }
  return null;
}

/** BIRD's words about a session: `Active Socket: Connection refused`. */
export function sessionWords({ info, bgpState, state }: BgpSession): string {
  return info || bgpState || state;
}
