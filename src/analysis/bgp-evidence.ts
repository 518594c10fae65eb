import { type BgpSession, readBgpSessions } from "../readers/birdc/protocols.ts";
import type { SnapshotFiles } from "../readers/snapshot/files.ts";

/** A session as one host's BIRD told it when the dumps were taken. */
export interface HostSession extends BgpSession {
  readonly host: string;
  readonly file: string;
}

const FILE = /(?:^|\/)(nodes|hosts)\/([^/]+)\/birdc6?-protocols(?:\.txt)?$/;

/** The BGP sessions that a snapshot's dumps of BIRD show. */
export function bgpEvidence(files: SnapshotFiles): readonly HostSession[] {
  return [...files.files].flatMap(([file, content]) => {
    const place = FILE.exec(file);
    if (place === null || typeof content !== "string") return [];
    const host = place[1] === "hosts" ? `host/${place[2]}` : (place[2] ?? "");
    return readBgpSessions(content).map((session) => ({ ...session, host, file }));
  });
}

/** True for a session over which routes flow. */
export function isEstablished(session: BgpSession): boolean {
  return session.state === "up" || session.info.startsWith("Established");
}

/** True for a side that waits to be called (BIRD's `passive`). */
export function isPassive(session: BgpSession): boolean {
  return session.info.startsWith("Passive");
}
