import { append } from "../model/append.ts";
import type { BirdConfiguration, BirdOption, BirdProtocolConfiguration } from "../model/bird/configuration.ts";
import type { BgpSession, Evidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { formatSource, type Origin, type OriginTable, sourceOf } from "../model/origin.ts";
import { type Address, type Family, formatAddress, sameAddress } from "../net/address.ts";

/** A BGP peer as a configuration has it, its template included. */
interface ConfiguredPeer {
  readonly name: string;
  readonly address: Address;
  readonly disabled: boolean;
  readonly origin: Origin;
}

/** Where the peers that BIRD was told to have and the sessions that it listed differ. */
export function configuredPeers(evidence: ReadonlyMap<string, Evidence>, origins: OriginTable): readonly Finding[] {
  const findings: Finding[] = [];
  for (const [host, { birdConfigurations, bgpSessions }] of evidence) {
    const peers = birdConfigurations.flatMap(peersOf);
    for (const family of [4, 6] as const) {
      const own = peers.filter(({ address }) => address.family === family);
      const listed = bgpSessions.filter(({ peer }) => peer?.family === family);
      // a family of which one side tells nothing was not collected
      if (own.length === 0 || listed.length === 0) continue;
      append(findings, differences(host, own, listed, family, origins));
    }
  }
  return findings;
}

function differences(
  host: string,
  peers: readonly ConfiguredPeer[],
  sessions: readonly BgpSession[],
  family: Family,
  origins: OriginTable,
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const peer of peers) {
    if (peer.disabled || sessions.some((session) => isOf(session, peer))) continue;
    findings.push({
      code: "bgp-peer-without-session",
      severity: "warning",
      message: `${host} is told to have a BGP session ${peer.name} with ${formatAddress(peer.address)}, and BIRD lists ${sessions.length} of IPv${family} without it (${formatSource(sourceOf(origins, sessions[0]?.origin ?? 0))}).`,
      ...placeOf(origins, peer.origin),
    });
  }
  for (const session of sessions) {
    if (peers.some((peer) => isOf(session, peer))) continue;
    findings.push({
      code: "bgp-session-unconfigured",
      severity: "info",
      message: `${host} has a BGP session ${session.name} that its configuration does not have (${formatSource(sourceOf(origins, peers[0]?.origin ?? 0))}).`,
      ...placeOf(origins, session.origin),
    });
  }
  return findings;
}

/** By the name of the protocol; calicoctl prints none, and the address in its place. */
function isOf(session: BgpSession, peer: ConfiguredPeer): boolean {
  return session.name === peer.name || (session.peer !== null && sameAddress(session.peer, peer.address));
}

function peersOf(configuration: BirdConfiguration): readonly ConfiguredPeer[] {
  return configuration.protocols.flatMap((protocol) => {
    if (protocol.type !== "bgp") return [];
    const options = optionsOf(protocol, configuration);
    const neighbor = options.findLast((option) => option.kind === "neighbor" && option.address !== null);
    if (neighbor?.kind !== "neighbor" || neighbor.address === null) return [];
    const disabled = options.findLast((option) => option.kind === "switch" && option.name === "disabled");
    return [
      {
        name: protocol.name,
        address: neighbor.address,
        disabled: disabled?.kind === "switch" && disabled.on,
        origin: protocol.origin,
      },
    ];
  });
}

/** Settings of the templates first: what stands later counts. */
function optionsOf(protocol: BirdProtocolConfiguration, configuration: BirdConfiguration): readonly BirdOption[] {
  const options: BirdOption[] = [...protocol.options];
  const seen = new Set<string>();
  for (let from = protocol.from; from !== null && !seen.has(from); ) {
    seen.add(from);
    const template = configuration.templates.find(({ name }) => name === from);
    options.unshift(...(template?.options ?? []));
    from = template?.from ?? null;
  }
  return options;
}

function placeOf(origins: OriginTable, origin: Origin): Pick<Finding, "file" | "line"> {
  const source = sourceOf(origins, origin);
  return {
    ...(source?.file === undefined ? {} : { file: source.file }),
    ...(source?.line === undefined ? {} : { line: source.line }),
  };
}
