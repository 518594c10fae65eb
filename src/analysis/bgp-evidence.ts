import type { BgpSession, Evidence } from "../model/evidence.ts";

/** A session as one host's BIRD told it when the dumps were taken. */
export interface HostSession extends BgpSession {
  readonly host: string;
}

/** The BGP sessions that a snapshot's dumps show. */
export function hostSessions(evidence: ReadonlyMap<string, Evidence>): readonly HostSession[] {
  return [...evidence].flatMap(([host, { bgpSessions }]) => bgpSessions.map((session) => ({ ...session, host })));
}

/** True for a session over which routes flow. */
export function isEstablished(session: BgpSession): boolean {
  return session.state === "up" || session.bgpState === "Established";
}

/** True for a side that waits to be called (BIRD's `passive`). */
export function isPassive(session: BgpSession): boolean {
  return session.bgpState === "Passive";
}
