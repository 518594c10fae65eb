import { hostSessions, isEstablished } from "../../analysis/bgp-evidence.ts";
import type { Evidence } from "../../model/evidence.ts";
import type { Network } from "../../model/network.ts";
import { formatSource, sourceOf } from "../../model/origin.ts";
import { type Address, formatAddress } from "../../net/address.ts";
import { ownerOf } from "../address-names.ts";
import { byName } from "./by-name.ts";

/** What one end says of a session. */
interface SessionSide {
  readonly host: string;
  /** Address of the peer; null where the dump does not tell. */
  readonly peer: string | null;
  /** RFC 4271's word: `Established`, `Connect`, …. */
  readonly state: string;
  readonly source: string;
}

/** A BGP session as dumps show it, from both ends where both were dumped. */
export interface Session {
  /** Hosts, or the address of a peer that nobody dumped. */
  readonly ends: readonly [string, string];
  readonly established: boolean;
  readonly sides: readonly SessionSide[];
}

/** The sessions that dumps of BIRD and `calicoctl node status` show. The two ends of one session are put together. */
export function sessionsOf(network: Network, evidence: ReadonlyMap<string, Evidence>): readonly Session[] {
  const found = new Map<string, { ends: [string, string]; established: boolean; sides: SessionSide[] }>();
  for (const told of hostSessions(evidence)) {
    const peer = told.peer === null ? told.name : hostOf(network, told.peer);
    const ends: [string, string] = byName(told.host, peer) < 0 ? [told.host, peer] : [peer, told.host];
    const key = `${ends.join(" ")} ${told.peer?.family ?? ""}`;
    const session = found.get(key) ?? { ends, established: true, sides: [] };
    const side: SessionSide = {
      host: told.host,
      peer: told.peer === null ? null : formatAddress(told.peer),
      state: told.bgpState,
      source: formatSource(sourceOf(network.origins, told.origin)),
    };
    if (session.sides.some(({ host, state }) => host === side.host && state === side.state)) continue;
    session.sides.push(side);
    session.established &&= isEstablished(told);
    found.set(key, session);
  }
  return [...found.values()].sort((x, y) => byName(x.ends[0], y.ends[0]) || byName(x.ends[1], y.ends[1]));
}

function hostOf(network: Network, address: Address): string {
  const host = ownerOf(network, address)?.host ?? "";
  return host === "" ? formatAddress(address) : host;
}

/** `Established`, or what each end says where they differ. */
export function stateOf({ sides }: Session): string {
  return [...new Set(sides.map(({ state }) => state))].join(" / ");
}
