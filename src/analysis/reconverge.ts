import { type AbsentDaemon, type BgpRun, routesOf, runFor, SETTLING_TIME, startDaemons } from "../bgp/reconverge.ts";
import type { SpeakerConfiguration } from "../bgp/speaker/configuration.ts";
import { exportedBy } from "../bgp/speaker/export-counts.ts";
import { familiesOf, speakerOf } from "../bgp/speaker/from-bird.ts";
import { type Peer, shownError, shownState } from "../bgp/speaker/peer.ts";
import { append } from "../model/append.ts";
import type { BirdConfiguration } from "../model/bird/configuration.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import type { Host } from "../model/host.ts";
import type { Network } from "../model/network.ts";
import { sourceOf } from "../model/origin.ts";
import { type Address, compareAddresses, type Family } from "../net/address.ts";
import { readPeerName } from "../readers/birdc/peer-name.ts";
import { bgpDoubts } from "./bgp-doubts.ts";
import type { HostSession } from "./bgp-evidence.ts";
import { emulatedSockets } from "./emulated-sockets.ts";
import { failingFilters, hasUndecidedFilter } from "./failing-filters.ts";
import { unplayedNeighbours } from "./unplayed-neighbours.ts";

/** A Network whose BGP ran anew from the bird.cfg files of its dumps. */
export interface Reconverged {
  /** The same, with the routes that the daemons left. */
  readonly network: Network;
  readonly sessions: readonly HostSession[];
  readonly run: BgpRun;
  readonly findings: readonly Finding[];
  readonly refusals: Refusals;
  /** False where the real daemons may have other routes: something was not followed, or guessed. */
  readonly isCertain: boolean;
}

/** A BIRD that does not start with the configuration that its host has. */
interface Refused extends AbsentDaemon {
  readonly why: string;
}

type Refusals = ReadonlyMap<string, readonly Refused[]>;

/**
 * Starts a BIRD on every host whose bird.cfg was dumped, lets it run until sessions stand as they will, and takes the routes it
 * leaves instead of those that the dumps show as BIRD's. Hosts without one, or with one that BIRD refuses, stay as they are. `seconds`: for so long instead.
 * `isDeclared`: the configurations are those of a cluster of manifests, whose neighbours outside tell nothing that was known before.
 */
export function reconverge(
  network: Network,
  evidence: ReadonlyMap<string, Evidence>,
  { seconds = null, isDeclared = false }: { readonly seconds?: number | null; readonly isDeclared?: boolean } = {},
): Reconverged {
  const { configurations, findings, refusals, isFollowed } = daemonsOf(network, evidence);
  const run = startDaemons(network, configurations, {}, refusals);
  runFor(run, seconds ?? SETTLING_TIME);
  const doubts = [...bgpDoubts(run), ...(isDeclared ? [] : unplayedNeighbours(network, evidence, configurations))];
  append(findings, [...doubts, ...failingFilters(run)]);
  const hosts = new Map(network.hosts);
  const { speakers, world } = run.resting;
  for (const name of speakers.keys()) {
    const host = network.hosts.get(name);
    if (host !== undefined)
      hosts.set(name, { ...host, routes: routesOf(run, name), sockets: emulatedSockets(world, host) });
  }
  return {
    network: { ...network, hosts },
    sessions: emulatedSessions({ speakers }),
    run,
    findings,
    refusals,
    isCertain: isFollowed && doubts.length === 0 && !hasUndecidedFilter(run),
  };
}

/** The BIRDs of all hosts that have a configuration. */
export function daemonsOf(
  network: Network,
  evidence: ReadonlyMap<string, Evidence>,
): {
  readonly configurations: ReadonlyMap<string, readonly SpeakerConfiguration[]>;
  readonly findings: Finding[];
  readonly refusals: Refusals;
  /** False where the real daemons do what these do not. */
  readonly isFollowed: boolean;
} {
  const findings: Finding[] = [];
  let isFollowed = true;
  const refusals = new Map<string, readonly Refused[]>();
  const configurations = new Map<string, readonly SpeakerConfiguration[]>();
  for (const [name, { birdConfigurations }] of evidence) {
    const host = network.hosts.get(name);
    if (host === undefined) continue;
    const speakers = ([4, 6] as const).flatMap((family) => {
      const found = speakerIn(network, host, birdConfigurations, family, findings);
      const { speaker, refusal: why, port } = found;
      if (!found.isFollowed) isFollowed = false;
      if (why !== null) refusals.set(name, [...(refusals.get(name) ?? []), { family, port, why }]);
      return speaker === null ? [] : [speaker];
    });
    if (speakers.length > 0) configurations.set(name, speakers);
  }
  return { configurations, findings, refusals, isFollowed };
}

const BGP_PORT = 179;

interface FoundSpeaker {
  readonly speaker: SpeakerConfiguration | null;
  readonly refusal: string | null;
  readonly port: number;
  readonly isFollowed: boolean;
}

/** The last configuration of the family that the host has: its daemon. */
function speakerIn(
  network: Network,
  host: Host,
  configurations: readonly BirdConfiguration[],
  family: Family,
  findings: Finding[],
): FoundSpeaker {
  const last = configurationOf(configurations, family);
  const port = last?.listen?.port ?? BGP_PORT;
  if (last === undefined) return { speaker: null, refusal: null, port, isFollowed: true };
  // told where it was read
  if (last.refused !== null) {
    return { speaker: null, refusal: `${last.file}: ${last.refused}`, port, isFollowed: true };
  }
  const { speaker, faults } = speakerOf(last, family, lowestAddress(host));
  let refusal: string | null = null;
  for (const { origin, column, kind, text } of faults) {
    // BIRD reads no further than to the first
    if (kind === "refused" && refusal !== null) continue;
    if (kind === "refused") refusal = `${last.file}: ${text}`;
    const place = sourceOf(network.origins, origin);
    const finding: Finding = {
      code: kind === "refused" ? "bird-refuses-configuration" : "bird-not-followed",
      severity: kind === "refused" ? "error" : "warning",
      message: kind === "refused" ? `BIRD does not start with this: ${text}.` : `Not followed: ${text}.`,
      ...(place === null ? {} : { file: place.file, line: place.line }),
      column,
    };
    // one file of a BIRD 2 is read for each family
    if (!findings.some((known) => isSame(known, finding))) findings.push(finding);
  }
  return { speaker, refusal, port, isFollowed: faults.every(({ kind }) => kind !== "unmodelled") };
}

/** A BIRD 1.6 has a file for each family; a BIRD 2 has the channels of both in one. */
function configurationOf(configurations: readonly BirdConfiguration[], family: Family): BirdConfiguration | undefined {
  const own = configurations.findLast(({ file }) => /bird6[^/]*$/.test(file) === (family === 6));
  const families = (one: BirdConfiguration): readonly Family[] => familiesOf(one) ?? [4];
  if (family === 6) return own ?? configurations.findLast((one) => families(one).includes(6));
  return own !== undefined && families(own).includes(4) ? own : undefined;
}

function isSame(one: Finding, other: Finding): boolean {
  return (
    one.message === other.message && one.file === other.file && one.line === other.line && one.column === other.column
  );
}

/** What BIRD takes for a router ID that nobody wrote: the lowest IPv4 address of an interface that is no loopback. */
function lowestAddress({ interfaces }: Host): Address | null {
  let lowest: Address | null = null;
  for (const { kind, up, addresses } of interfaces.values()) {
    if (kind === "loopback" || !up) continue;
    for (const { address } of addresses) {
      if (address.family === 4 && (lowest === null || compareAddresses(address, lowest) < 0)) lowest = address;
    }
  }
  return lowest;
}

/** Sessions as the daemons that run have them now. */
export function emulatedSessions({ speakers }: Pick<BgpRun, "speakers">): readonly HostSession[] {
  return [...speakers].flatMap(([host, items]) =>
    items.flatMap(({ running, peers }) =>
      running ? peers.filter(hasSession).map((peer) => sessionOf(host, peer)) : [],
    ),
  );
}

/** The other half of a BIRD 2 has those that are carried. */
function hasSession({ configuration }: Peer): boolean {
  return !configuration.isCarried;
}

/** A peer in the form in which dumps tell one. */
function sessionOf(host: string, peer: Peer): HostSession {
  const { configuration, protocol } = peer;
  const { kind, port } = readPeerName(configuration.name);
  const error = shownError(peer);
  const state = shownState(peer);
  return {
    host,
    name: configuration.name,
    kind,
    peer: configuration.neighbour,
    peerPort: port,
    table: configuration.table,
    state: protocol.state,
    since: "",
    info: `${state} ${error}`.trim(),
    bgpState: state,
    lastError: error === "" ? null : error,
    localAs: configuration.localAs,
    peerAs: configuration.remoteAs,
    sourceAddress: peer.sourceAddress,
    imported: protocol.imported,
    exported: exportedBy(protocol),
    origin: configuration.origin,
  };
}
