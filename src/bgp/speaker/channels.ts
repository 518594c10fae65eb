import type { BgpCore } from "./bgp-core.ts";
import type { Peer } from "./peer.ts";

/** The routes of one family that a session of BIRD 2 carries: an instance in the half of the daemon whose table they are in. */
export interface Channel {
  readonly core: BgpCore;
  readonly peer: Peer;
}

const NONE: readonly Channel[] = [];

/**
 * The channels of an instance that has a session: its own where it carries routes of the family of its neighbour, and that of the same name
 * in the other half, which has no session of its own. None in BIRD 1.6, whose instances are session and channel in one.
 */
export function channelsOf(core: BgpCore, peer: Peer): readonly Channel[] {
  const { release, family } = core.configuration;
  if (release === "1.6") return NONE;
  const found: Channel[] = [];
  for (const channel of peer.configuration.channels) {
    if (channel.family === family) found.push({ core, peer });
    else {
      const carried = carriedBy(core, peer);
      if (carried !== null) found.push(carried);
    }
  }
  return found;
}

/** The same without its own. */
export function carriedBy(
  { twin, configuration }: BgpCore,
  { configuration: { name, channels } }: Peer,
): Channel | null {
  if (twin === null || channels.every(({ family }) => family === configuration.family)) return null;
  const peer = twin.peers.find(({ configuration: one }) => one.isCarried && one.name === name);
  return peer === undefined ? null : { core: twin, peer };
}

/** The instance that has the session of a carried one. */
export function carrierOf({ twin }: BgpCore, { configuration: { name } }: Peer): Channel | null {
  const peer = twin?.peers.find(({ configuration: one }) => !one.isCarried && one.name === name);
  return twin === null || peer === undefined ? null : { core: twin, peer };
}

/** Whether the session that stands, or stood last, carries the routes of the family of this half. */
export function isActive({ channel }: Peer): boolean {
  return channel === null || channel.isActive;
}
