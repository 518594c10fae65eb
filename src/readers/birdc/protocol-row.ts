import type { BgpSession, BirdProtocol } from "../../model/evidence.ts";
import type { Origin } from "../../model/origin.ts";
import { parseAddress } from "../../net/address.ts";
import { readPeerName } from "./peer-name.ts";

const ROW = /^(\S+) +([A-Z]\w*) +(\S+) +(up|start|stop|down|feed|flush)\b *(.*)$/;

/** Words of the column `since`: `16:07:27`, `16:07:27.123`, `2024-01-01`, or a date and a time. */
const TIME = /^(?:\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d(?:\.\d+)?)?)?|\d\d:\d\d(?::\d\d(?:\.\d+)?)?|[\d:.-]+)(?= |$)/;

/** A row of `birdc show protocols`; null for another line. */
export function readProtocolRow(line: string, origin: Origin): BirdProtocol | null {
  const row = ROW.exec(line);
  if (row === null) return null;
  const [, name = "", protocol = "", table = "", state = "", rest = ""] = row;
  const since = TIME.exec(rest)?.[0] ?? "";
  return {
    name,
    protocol,
    table: table === "---" ? null : table,
    state,
    since,
    info: rest.slice(since.length).trim().replace(/ +/g, " "),
    origin,
  };
}

/** The session that a row of protocol BGP shows, without its details. */
export function sessionOfRow(row: BirdProtocol): BgpSession {
  const { kind, peer, port } = readPeerName(row.name);
  const [bgpState = ""] = row.info.split(" ");
  const error = row.info.slice(bgpState.length).trim();
  return {
    name: row.name,
    kind,
    peer,
    peerPort: port,
    table: row.table,
    state: row.state,
    since: row.since,
    info: row.info,
    bgpState: bgpState || (row.state === "down" ? "Down" : ""),
    lastError: error || null,
    localAs: null,
    peerAs: null,
    sourceAddress: null,
    imported: null,
    exported: null,
    origin: row.origin,
  };
}

/** A line of `show protocols all` under its row, put into the session; null for lines that say nothing about it. */
export function withDetail(session: BgpSession, line: string): BgpSession | null {
  const detail = /^ +([A-Za-z][\w ]*?): +(.+)$/.exec(line);
  if (detail === null) return null;
  const [, name = "", value = ""] = detail;
  switch (name) {
    case "BGP state":
      return { ...session, bgpState: value };
    // the zone of a link-local neighbour is no part of its address
    case "Neighbor address":
      return { ...session, peer: parseAddress(value.replace(/%.*$/, "")) ?? session.peer };
    case "Neighbor AS":
      return { ...session, peerAs: numberOf(value) };
    case "Local AS":
      return { ...session, localAs: numberOf(value) };
    case "Source address":
      return { ...session, sourceAddress: parseAddress(value) };
    case "Last error":
      return { ...session, lastError: value };
    case "Routes": {
      // one line for each channel
      const count = (word: string): number => numberOf(new RegExp(`(\\d+) ${word}`).exec(value)?.[1] ?? "") ?? 0;
      return {
        ...session,
        imported: (session.imported ?? 0) + count("imported"),
        exported: (session.exported ?? 0) + count("exported"),
      };
    }
    default:
      return null;
  }
}

function numberOf(text: string): number | null {
  return /^\d{1,10}$/.test(text) ? Number(text) : null;
}
