import { isEstablished } from "../analysis/bgp-evidence.ts";
import type { BgpSession, Evidence, LogLine } from "../model/evidence.ts";
import type { Host } from "../model/host.ts";
import type { Origin } from "../model/origin.ts";
import { type Address, formatAddress, parseAddress, sameAddress } from "../net/address.ts";
import { formatPrefix } from "../net/prefix.ts";
import type { Checked } from "./checks/check.ts";

/** What a log says, and what a dump beside it shows of the same thing. */
export interface LogClaim {
  readonly host: string;
  readonly line: LogLine;
  /** `the session Mesh_10_0_0_2 failed`. */
  readonly says: string;
  readonly isConfirmed: boolean;
  /** `it is Established`. */
  readonly shows: string;
  readonly beside: Origin;
}

/** The claims of all logs that some dump can confirm or contradict: of each session, table and server the latest. */
export function logClaims({ network, evidence, cluster }: Checked): readonly LogClaim[] {
  return [...evidence].flatMap(([name, told]) => {
    const host = network.hosts.get(name);
    if (host === undefined || told.logLines.length === 0) return [];
    return [
      ...sessionClaims(host, told),
      ...felixClaims(host, told.logLines),
      ...proxyClaims(host, told.logLines, cluster),
      ...dnsClaims(host, told.logLines),
    ];
  });
}

/** Names that Calico gives to BIRD's sessions; the peer's address is in them. */
const SESSION =
  /^((?:Mesh|Node|Global)_(\S+?)(?:_port_\d+)?): (?:State changed to (\w+)|((?:Error|Received): .*|.*Connection \w+.*))$/;

function sessionClaims(host: Host, { logLines, bgpSessions }: Evidence): readonly LogClaim[] {
  const latest = new Map<string, { readonly line: LogLine; readonly peer: string; readonly isUp: boolean }>();
  for (const line of logLines) {
    const [, name = "", peer = "", state, error] = SESSION.exec(line.text) ?? [];
    if (name === "") continue;
    // a session that failed goes through other states until it is up again: the failure says why
    if (error !== undefined || state === "up") latest.set(name, { line, peer, isUp: state === "up" });
  }
  return [...latest].flatMap(([name, { line, peer, isUp }]): readonly LogClaim[] => {
    const says = isUp
      ? `the session ${name} came up`
      : `the session ${name} failed (${line.text.slice(name.length + 2)})`;
    const address = parseAddress(peer.replaceAll("_", ".")) ?? parseAddress(peer.replaceAll("_", ":"));
    // `calicoctl node status` has the peer's address in place of BIRD's name
    const isOf = (one: BgpSession): boolean =>
      one.name === name || (one.peer !== null && address !== null && sameAddress(one.peer, address));
    const session = bgpSessions.find(isOf);
    if (session !== undefined) return claimAbout(host, line, says, isUp, session);
    const route = address === null || isUp ? undefined : routeOver(host, address);
    if (route === undefined) return [];
    const shows = `BIRD's route to ${formatPrefix(route.destination)} over it stands in the kernel`;
    return [{ host: host.name, line, says, isConfirmed: false, shows, beside: route.origin }];
  });
}

function claimAbout(host: Host, line: LogLine, says: string, isUp: boolean, session: BgpSession): readonly LogClaim[] {
  const isThere = isEstablished(session);
  if (isUp && isThere) return [];
  const shows = isThere ? `it is established since ${session.since}` : `it is ${session.info || session.bgpState}`;
  return [{ host: host.name, line, says, isConfirmed: isUp === isThere, shows, beside: session.origin }];
}

function routeOver(host: Host, peer: Address) {
  const gateway = formatAddress(peer);
  return host.routes.find(
    ({ protocol, nextHops }) =>
      protocol === "bird" && nextHops.some((hop) => hop.gateway !== null && formatAddress(hop.gateway) === gateway),
  );
}

const FELIX_FAILED = /Failed to (?:execute ip\(6\)tables-restore|program iptables)/;

/** Felix tries again until it succeeds, and ends itself after ten times (felix/iptables/table.go). */
function felixClaims(host: Host, lines: readonly LogLine[]): readonly LogClaim[] {
  const failed = new Map<string, LogLine>();
  for (const line of lines) {
    const place = `${/ipVersion=0x6/.test(line.text) ? 6 : 4} ${/table="(\w+)"/.exec(line.text)?.[1] ?? "filter"}`;
    if (FELIX_FAILED.test(line.text)) failed.set(place, line);
    else if (line.text.includes("Succeeded after retry")) failed.delete(place);
  }
  return [...failed].flatMap(([place, line]): readonly LogClaim[] => {
    const [family = "4", name = ""] = place.split(" ");
    if (host.knowledge.get(family === "4" ? "rules" : "rules6") !== undefined) return [];
    const tables = host.rulesets
      .filter((ruleset) => ruleset.family === Number(family))
      .flatMap((ruleset) => [...ruleset.tables.values()].filter((table) => table.name === name));
    const chains = tables.flatMap((table) => [...table.chains.values()]);
    const own = chains.filter((chain) => chain.name.startsWith("cali-"));
    const [shown = chains[0]] = own;
    if (shown === undefined) return [];
    const says = `Felix could not load its rules into table ${name} (IPv${family})`;
    const shows = own.length === 0 ? "the table has no chain of Felix" : `the table has ${own.length} chains of Felix`;
    return [{ host: host.name, line, says, isConfirmed: own.length === 0, shows, beside: shown.origin }];
  });
}

const PROXY_FAILED = /^"?Failed to execute iptables-restore/;

function proxyClaims(host: Host, lines: readonly LogLine[], cluster: Checked["cluster"]): readonly LogClaim[] {
  const line = lines.findLast(({ program, text }) => program === "proxier.go" && PROXY_FAILED.test(text));
  if (line === undefined || host.knowledge.get("rules") !== undefined) return [];
  const nat = host.rulesets.flatMap(({ family, tables }) => (family === 4 ? (tables.get("nat") ?? []) : []));
  const says = "kube-proxy's rules were refused";
  const chain = nat.map(({ chains }) => chains.get("KUBE-SERVICES")).find((found) => found !== undefined);
  if (chain === undefined) {
    const first = nat.flatMap(({ chains }) => [...chains.values()])[0];
    if (first === undefined) return [];
    const shows = "table nat has no chain KUBE-SERVICES";
    return [{ host: host.name, line, says, isConfirmed: true, shows, beside: first.origin }];
  }
  const led = new Set(
    chain.rules.map(({ destination }) => (destination === null ? "" : formatAddress(destination.address))),
  );
  const missing = [...cluster.services.values()].find(({ clusterIPs }) =>
    clusterIPs.some((address) => address.family === 4 && !led.has(formatAddress(address))),
  );
  const shows =
    missing === undefined
      ? "KUBE-SERVICES has rules for every Service"
      : `KUBE-SERVICES has no rule for Service ${missing.metadata.namespace}/${missing.metadata.name}`;
  return [{ host: host.name, line, says, isConfirmed: missing !== undefined, shows, beside: chain.origin }];
}

const DNS_FAILED =
  /(?:read|write|dial) (?:udp|tcp) (?:\[?([\da-fA-F.:]+?)\]?:\d+->)?\[?([\da-fA-F.:]+?)\]?:(\d+): (.*)$/;

function dnsClaims(host: Host, lines: readonly LogLine[]): readonly LogClaim[] {
  const latest = new Map<string, { readonly line: LogLine; readonly error: string }>();
  for (const line of lines) {
    if (line.program !== "coredns") continue;
    const [, source, server = "", port = "", error = ""] = DNS_FAILED.exec(line.text) ?? [];
    if (source !== undefined) latest.set(`${source} ${server} ${port}`, { line, error });
  }
  return [...latest].flatMap(([ends, { line, error }]): readonly LogClaim[] => {
    const [source, server, port] = ends.split(" ");
    const known = host.conntrack.filter(
      ({ original }) =>
        formatAddress(original.src) === source &&
        formatAddress(original.dst) === server &&
        original.dport === Number(port),
    );
    const silent = known.find((record) => record.unreplied);
    const shown = silent ?? known[0];
    if (shown === undefined) return [];
    const says = `CoreDNS (${source}) gets no answer from ${server}: ${error}`;
    const shows = `the connection there was ${silent === undefined ? "" : "not "}answered`;
    return [{ host: host.name, line, says, isConfirmed: silent !== undefined, shows, beside: shown.origin }];
  });
}
