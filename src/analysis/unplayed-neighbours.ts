import type { BgpConfiguration, SpeakerConfiguration } from "../bgp/speaker/configuration.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import type { Network } from "../model/network.ts";
import { sourceOf } from "../model/origin.ts";
import { formatAddress } from "../net/address.ts";
import { hostSessions, isEstablished } from "./bgp-evidence.ts";

/**
 * Neighbours that nobody plays, since no dump has the configuration of a BIRD there: what they would tell is missing. One finding for each,
 * at the first session with it. Not of sessions that are disabled, or of which BIRD said that they were down when the dumps were taken.
 */
export function unplayedNeighbours(
  { hosts, origins }: Network,
  told: ReadonlyMap<string, Evidence>,
  configurations: ReadonlyMap<string, readonly SpeakerConfiguration[]>,
): readonly Finding[] {
  const played = new Set<string>();
  for (const name of configurations.keys()) {
    for (const { addresses } of hosts.get(name)?.interfaces.values() ?? []) {
      for (const { address } of addresses) played.add(formatAddress(address));
    }
  }
  const down = new Set(
    hostSessions(told).flatMap((session) => (isEstablished(session) ? [] : [`${session.host} ${session.name}`])),
  );
  const sessions = new Map<string, BgpConfiguration[]>();
  for (const [host, daemons] of configurations) {
    for (const protocol of daemons.flatMap(({ protocols }) => protocols)) {
      if (protocol.type !== "bgp" || protocol.isCarried || protocol.disabled || down.has(`${host} ${protocol.name}`))
        continue;
      const neighbour = formatAddress(protocol.neighbour);
      if (played.has(neighbour)) continue;
      const known = sessions.get(neighbour);
      if (known === undefined) sessions.set(neighbour, [protocol]);
      else known.push(protocol);
    }
  }
  return [...sessions].flatMap(([neighbour, [first, ...others]]): readonly Finding[] => {
    if (first === undefined) return [];
    const place = sourceOf(origins, first.origin);
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    return [
      {
        code: "bird-not-followed",
        severity: "warning",
        message: `Not followed: what ${neighbour} tells over ${first.name}${more}. No configuration of a BIRD there was dumped, so that nobody answers.`,
        ...(place === null ? {} : { file: place.file, line: place.line }),
        column: first.column,
      },
    ];
  });
}
