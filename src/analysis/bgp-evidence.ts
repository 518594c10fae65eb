import { type BgpSession, type Evidence, evidence } from "../model/evidence.ts";
import type { Network } from "../model/network.ts";

/** A session as one host's BIRD told it when the dumps were taken. */
export interface HostSession extends BgpSession {
  readonly host: string;
}

/** The BGP sessions that a snapshot's dumps show. */
export function hostSessions(told: ReadonlyMap<string, Evidence>): readonly HostSession[] {
  return [...told].flatMap(([host, { bgpSessions }]) => bgpSessions.map((session) => ({ ...session, host })));
}

/** What BIRD would have told on each host of a network in which BGP ran, as if it had been dumped. */
export function emulatedEvidence({ bgp }: Network): ReadonlyMap<string, Evidence> {
  const sessions = new Map<string, BgpSession[]>();
  for (const session of bgp?.sessions ?? []) {
    const known = sessions.get(session.host);
    if (known === undefined) sessions.set(session.host, [session]);
    else known.push(session);
  }
  return new Map([...sessions].map(([host, bgpSessions]) => [host, evidence({ bgpSessions })]));
}

/** True for a session over which routes flow. */
export function isEstablished(session: BgpSession): boolean {
  return session.state === "up" || session.bgpState === "Established";
}

/** True for a side that waits to be called (BIRD's `passive`). */
export function isPassive(session: BgpSession): boolean {
  return session.bgpState === "Passive";
}
