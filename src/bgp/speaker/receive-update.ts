import type { Address } from "../../net/address.ts";
import type { UpdateMessage } from "../messages/message.ts";
import type { Nlri, PathAttributes } from "../messages/path-attributes.ts";
import { attributesReceived } from "../rib/bgp-attributes.ts";
import { NO_KERNEL_ATTRIBUTES, type PrefixKey, prefixKey, type RibRoute } from "../rib/route.ts";
import type { BgpCore } from "./bgp-core.ts";
import { forgetSent } from "./feed.ts";
import { findNeighbour } from "./interfaces.ts";
import type { Peer } from "./peer.ts";
import { flushRoutes, importRoute, withdrawRoute } from "./protocol.ts";
import { unlockRecovery } from "./recovery.ts";
import { sharedAttributes } from "./shared-attributes.ts";
import { stopTimer } from "./timer.ts";

const routeName = (key: PrefixKey, path: number): string => `${key} ${path}`;

/** bgp_rx_update(): withdrawals, then destinations with their attributes. */
export function receiveUpdate(core: BgpCore, peer: Peer, { withdrawn, attributes, nlri }: UpdateMessage): void {
  const unreached = attributes?.mpUnreach ?? null;
  const reached = attributes?.mpReach ?? null;
  const six = core.configuration.family === 6;
  const nothing = withdrawn.length === 0 && nlri.length === 0 && reached === null;
  if (nothing && (six ? unreached !== null && unreached.length === 0 : attributes === null)) {
    unlockRecovery(core, peer.protocol);
    if (peer.restarting) finishRestart(core, peer);
    return;
  }
  const gone = six ? (unreached ?? []) : withdrawn;
  for (const item of gone) withdraw(core, peer, item);
  const told = six ? (reached?.nlri ?? []) : nlri;
  if (attributes === null || told.length === 0) return;
  const { configuration, exporter } = peer;
  const localId = core.configuration.routerId;
  const taken = attributesReceived(attributes, exporter, localId, configuration.allowLocalAs, six);
  const nextHop = taken?.nextHop ?? null;
  const way = taken === null || nextHop === null ? null : wayOf(core, peer, nextHop);
  const shared = taken === null ? null : sharedAttributes(core.world, taken);
  for (const item of told) {
    if (shared === null || way === null) withdraw(core, peer, item);
    else receiveRoute(core, peer, item, shared, way);
  }
}

function withdraw(core: BgpCore, peer: Peer, { prefix, pathId }: Nlri): void {
  withdrawRoute(core, peer.protocol, prefix, pathId ?? 0);
}

type Way = Pick<RibRoute, "target" | "hops" | "recursive" | "igpMetric">;

/** bgp_set_next_hop(): null where the next hop is this host itself. */
function wayOf(core: BgpCore, peer: Peer, nextHop: Address): Way | null {
  if (peer.configuration.recursive) return { target: "unreachable", hops: [], recursive: true, igpMetric: null };
  const found = findNeighbour(core.runtime, nextHop);
  if (found.kind === "own") return null;
  const hop =
    found.kind === "on-link"
      ? { gateway: nextHop, interface: found.interface, weight: 1 }
      : { gateway: peer.configuration.neighbour, interface: peer.neighbourInterface, weight: 1 };
  return { target: "router", hops: [hop], recursive: false, igpMetric: 0 };
}

function receiveRoute(core: BgpCore, peer: Peer, { prefix, pathId }: Nlri, attributes: PathAttributes, way: Way): void {
  const path = pathId ?? 0;
  if (peer.unconfirmed.size > 0) peer.unconfirmed.delete(routeName(prefixKey(prefix), path));
  importRoute(core, peer.protocol, {
    prefix,
    owner: peer.protocol.owner,
    path,
    source: "bgp",
    preference: peer.configuration.preference,
    ...way,
    from: peer.configuration.neighbour,
    attributes,
    kernel: NO_KERNEL_ATTRIBUTES,
    since: core.world.now,
  });
}

/** rt_refresh_begin(): what the neighbour does not tell again will go. */
export function beginRestart(core: BgpCore, peer: Peer): void {
  peer.restarting = true;
  peer.unconfirmed.clear();
  for (const [key, { routes }] of core.table.nets) {
    for (const { owner, path } of routes) if (owner === peer.protocol.owner) peer.unconfirmed.add(routeName(key, path));
  }
  forgetSent(core, peer);
}

/** bgp_graceful_restart_done(). */
export function finishRestart(core: BgpCore, peer: Peer): void {
  peer.restarting = false;
  stopTimer(peer.restartTimer);
  flushRoutes(core, peer.protocol, ({ prefix, path }) => !peer.unconfirmed.has(routeName(prefixKey(prefix), path)));
  peer.unconfirmed.clear();
}
