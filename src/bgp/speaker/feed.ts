import type { Message } from "../messages/message.ts";
import { joinAudience, leaveAudience, tellAgain } from "./audience.ts";
import type { BgpCore } from "./bgp-core.ts";
import type { Peer } from "./peer.ts";
import { waitsForRecovery } from "./recovery.ts";

/** A ROUTE-REFRESH: all is told again. */
export function receiveRefresh(core: BgpCore, peer: Peer, message: Message & { kind: "route-refresh" }): void {
  if (message.subtype === 0) tellAgain(core, peer);
}

/** The neighbour is told nothing any more. */
export function forgetSent(core: BgpCore, peer: Peer): void {
  leaveAudience(core, peer);
  // clearing makes a new table even where there is nothing to clear
  if (peer.pending.size > 0) peer.pending.clear();
  peer.feed = null;
  peer.pendingEnd = false;
  peer.protocol.exported = 0;
}

/** A session comes up: all routes are offered, and their end is marked (RFC 4724). */
export function feed(core: BgpCore, peer: Peer): void {
  forgetSent(core, peer);
  if (waitsForRecovery(core, peer.protocol)) return;
  peer.pendingEnd = peer.configuration.gracefulRestart !== "off";
  joinAudience(core, peer);
}
