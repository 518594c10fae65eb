import type { BgpSession, BirdInterface, BirdProtocol, BirdStatus, Evidence } from "../../model/evidence.ts";
import type { Finding } from "../../model/finding.ts";
import { type OriginTable, originAt, originFile } from "../../model/origin.ts";
import { parseAddress } from "../../net/address.ts";
import { dumpFindings } from "../dump-findings.ts";
import { dumpLines, quote } from "../dump-text.ts";
import { readInterfaceRow, withInterfaceLine } from "./interface-row.ts";
import { readProtocolRow, sessionOfRow, withDetail } from "./protocol-row.ts";
import { replyLines } from "./reply-lines.ts";
import { type OpenRoute, readNextHop, readRouteAttribute, readRouteRow } from "./route-row.ts";

export interface BirdcDump {
  readonly evidence: Pick<Evidence, "birds" | "birdProtocols" | "bgpSessions" | "birdRoutes" | "birdInterfaces">;
  readonly findings: readonly Finding[];
}

/** Headings and sums, which say nothing that other lines don't. */
const HEADING =
  /^(?:name +proto +table |[Nn]ame +[Pp]roto +[Tt]able |interface +state +address|Interface +State +IPv4|Daemon is |Graceful restart |Hostname is |Current server time is |\d+ of \d+ routes for |Total: \d+ of \d+ routes)/;

/** A row of `show interfaces summary`. */
const SUMMARY = /^\S+ +(?:up|down|DOWN|UP)(?: +[\da-f.:/ ]+|$)/;

/** What birdc says when it reaches no daemon, or the daemon does not understand. */
const ERROR =
  /^(?:Unable to connect to server control socket|Cannot connect|syntax error|Access restricted|Network not in table|No protocols? match|No such |Connection closed by server|CLI switched|runtime error)/i;

/**
 * Reads what `birdc show protocols [all]`, `show route [all]`, `show interfaces` and `show status` print, in any mixture: BIRD 1.6, Calico's fork of
 * it, BIRD 2, and the same read from the control socket. Of `show interfaces` the summary says nothing that `ip addr` does not; it is told and passed over.
 */
export function readBirdc(text: string, file: string, origins: OriginTable): BirdcDump {
  const dump = dumpLines(text, file);
  const findings = dumpFindings(file, dump.findings);
  const fileNumber = originFile(origins, file);
  const birds: BirdStatus[] = [];
  const birdProtocols: BirdProtocol[] = [];
  const bgpSessions: BgpSession[] = [];
  const birdRoutes: OpenRoute[] = [];
  const birdInterfaces: BirdInterface[] = [];
  let table: string | null = null;
  // what indented lines belong to
  let within: "session" | "protocol" | "route" | "interface" | null = null;

  for (const { number, text: line, code } of replyLines(dump.lines)) {
    const origin = originAt(origins, fileNumber, number);
    if ((code !== null && code >= 8000) || ERROR.test(line)) {
      findings.add("tool-error", "warning", number, `BIRD answered with an error: ${quote(line)}.`, {
        advice: "Collect this file again, as root.",
      });
      continue;
    }
    const status = statusAfter(birds.at(-1), line, origin);
    if (status !== null) {
      if (status.origin === origin) birds.push(status);
      else birds[birds.length - 1] = status;
      continue;
    }
    const heading = /^Table (\S+):$/.exec(line);
    if (heading !== null || HEADING.test(line)) {
      table = heading?.[1] ?? table;
      continue;
    }
    const row = line.startsWith(" ") ? null : readProtocolRow(line, origin);
    if (row !== null) {
      within = row.protocol === "BGP" ? "session" : "protocol";
      if (row.protocol === "BGP") bgpSessions.push(sessionOfRow(row));
      else birdProtocols.push(row);
      continue;
    }
    const route = readRouteRow(line, birdRoutes.at(-1)?.destination ?? null, table, origin);
    if (route !== null) {
      within = "route";
      birdRoutes.push(route);
      continue;
    }
    const listed = readInterfaceRow(line, origin);
    if (listed !== null) {
      within = "interface";
      birdInterfaces.push(listed);
      continue;
    }
    if (SUMMARY.test(line)) {
      within = null;
      findings.once(
        "says-nothing-new",
        "info",
        number,
        "BIRD's summary of interfaces is passed over: ip addr tells more.",
      );
      continue;
    }
    const open = birdInterfaces.at(-1);
    if (within === "interface" && open !== undefined && /^\s/.test(line)) {
      birdInterfaces[birdInterfaces.length - 1] = withInterfaceLine(open, line, origin);
      continue;
    }
    if (line.startsWith(" ") && within !== null && belongs(line, within, bgpSessions, birdRoutes)) continue;
    findings.add("unknown-line", "warning", number, `Not understood: ${quote(line)}.`, {
      expected: "the output of birdc show protocols, show route, show interfaces or show status",
    });
  }
  return { evidence: { birds, birdProtocols, bgpSessions, birdRoutes, birdInterfaces }, findings: findings.list() };
}

/** Puts an indented line into what it belongs to; false when it fits there in no way. */
function belongs(
  line: string,
  within: "session" | "protocol" | "route" | "interface",
  sessions: BgpSession[],
  routes: readonly OpenRoute[],
): boolean {
  if (within === "session") {
    const last = sessions.at(-1);
    const detailed = last === undefined ? null : withDetail(last, line);
    if (detailed !== null) sessions[sessions.length - 1] = detailed;
    return true;
  }
  if (within !== "route") return true;
  const last = routes.at(-1);
  if (last === undefined) return false;
  const hop = readNextHop(line);
  const attribute = hop === null ? readRouteAttribute(line) : null;
  if (hop !== null) last.nextHops.push(hop);
  else if (attribute !== null) last.attributes.set(...attribute);
  return hop !== null || attribute !== null;
}

/** The status of the daemon with what the line adds; a new one for its first line, null for a line of something else. */
function statusAfter(last: BirdStatus | undefined, line: string, origin: number): BirdStatus | null {
  const version = /^BIRD (v?\d\S*)(?: ready\.)?$/.exec(line)?.[1];
  if (version !== undefined) {
    if (last?.version === version) return last;
    return { version, routerId: null, lastReboot: null, lastReconfiguration: null, origin };
  }
  const said = /^(Router ID is|Last reboot on|Last reconfiguration on) (.+)$/.exec(line);
  if (said === null) return null;
  const [, what, value = ""] = said;
  const known = last ?? { version: null, routerId: null, lastReboot: null, lastReconfiguration: null, origin };
  if (what === "Router ID is") return { ...known, routerId: parseAddress(value) };
  return what === "Last reboot on" ? { ...known, lastReboot: value } : { ...known, lastReconfiguration: value };
}
