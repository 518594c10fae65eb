import type { Capability } from "../../bgp/messages/capability.ts";
import { netsOf } from "../../bgp/rib/table.ts";
import type { ProtocolConfiguration, UnplayedProtocol } from "../../bgp/speaker/configuration.ts";
import { exportedBy, statsOf } from "../../bgp/speaker/export-counts.ts";
import { type Peer, type PeerConnection, shownError, shownState } from "../../bgp/speaker/peer.ts";
import type { Protocol } from "../../bgp/speaker/protocol.ts";
import { waitsForRecovery } from "../../bgp/speaker/recovery.ts";
import type { Speaker } from "../../bgp/speaker/speaker.ts";
import { isMaster } from "../../bgp/speaker/unfollowed.ts";
import { arouse } from "../../emulator/world.ts";
import { formatAddress, ipv4 } from "../../net/address.ts";
import { channelSettings } from "./channel-settings.ts";
import type { BirdClock } from "./clock.ts";
import { unplayedDetails, unplayedRow } from "./unplayed-text.ts";

/** What BIRD calls the protocols that are played. */
export const TYPES = { static: "Static", direct: "Direct", device: "Device", kernel: "Kernel", bgp: "BGP" };

/**
 * What `birdc show protocols` prints, or `show protocols all` (nest/proto.c and proto/bgp/bgp.c of BIRD 1.6.8): of all, or of those that
 * have a name, or a pattern in quotes.
 */
export function protocolsText(speaker: Speaker, clock: BirdClock, all: boolean, asked: string | null = null): string {
  const wanted = inOrder(speaker).filter(({ configuration }) => asked === null || isCalled(asked, configuration.name));
  if (wanted.length === 0)
    return asked?.startsWith('"') === true ? "No protocols match\n" : `${asked ?? "none"} is not a protocol\n`;
  const lines = ["name     proto    table    state  since       info"];
  for (const { configuration, played } of wanted) {
    if (played === null) {
      lines.push(unplayedRow(configuration, clock(speaker.started)));
      if (all) lines.push(...unplayedDetails(configuration), "");
      continue;
    }
    const peer = speaker.peers.find(({ protocol }) => protocol === played) ?? null;
    lines.push(row(speaker, played, peer, clock));
    if (all) lines.push(...details(speaker, played, peer), "");
  }
  return `${lines.join("\n")}\n`;
}

type Listed =
  | { readonly configuration: ProtocolConfiguration; readonly played: Protocol }
  | { readonly configuration: UnplayedProtocol; readonly played: null };

/** As they stand in the configuration, those that are not played among the others. */
function inOrder({ protocols, configuration: { unplayed } }: Speaker): readonly Listed[] {
  const behind = (name: string | null): readonly Listed[] =>
    unplayed.filter((one) => one.behind === name).map((configuration) => ({ configuration, played: null }));
  return [
    ...behind(null),
    ...protocols.flatMap((played): readonly Listed[] => [
      { configuration: played.configuration, played },
      ...behind(played.configuration.name),
    ]),
  ];
}

/** The pattern of BIRD (`patmatch`): `*` is any text, `?` any character. */
export function isCalled(asked: string, name: string): boolean {
  const pattern = asked.replace(/^"(.*)"$/, "$1");
  if (pattern === asked && !/[*?]/.test(asked)) return asked === name;
  const text = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${text}$`).test(name);
}

/** The column `state`: `wait` while a protocol is up and is given no routes yet, in BIRD 1.6 (proto_state_name). */
export function stateName(speaker: Speaker, item: Protocol): string {
  return speaker.configuration.release === "1.6" && item.state === "up" && waitsForRecovery(speaker, item)
    ? "wait"
    : item.state;
}

function row(speaker: Speaker, item: Protocol, peer: Peer | null, clock: BirdClock): string {
  const { name, type, table } = item.configuration;
  const columns = `${name.padEnd(8)} ${TYPES[type].padEnd(8)} ${table.padEnd(8)} ${stateName(speaker, item).padEnd(5)}`;
  return `${columns}  ${clock(item.since).padEnd(10)}  ${peer === null ? "" : info(peer)}`;
}

/** The column `info` of a BGP instance (bgp_get_status). */
export function info(peer: Peer): string {
  const error = shownError(peer);
  return peer.protocol.state === "down" ? error : `${shownState(peer).padEnd(14)}${error}`;
}

function details(speaker: Speaker, item: Protocol, peer: Peer | null): readonly string[] {
  const { configuration } = item;
  const stats = statsOf(item);
  const lines: string[] = [];
  const add = (name: string, value: string): void => {
    lines.push(`  ${`${name}:`.padEnd(16)}${value}`);
  };
  if (configuration.description !== null) add("Description", configuration.description);
  if (configuration.routerId !== null) add("Router ID", formatAddress(ipv4(configuration.routerId)));
  lines.push(...channelSettings(speaker, item, "  "));
  const isFollowed = isMaster(configuration.table);
  if (item.state !== "down") {
    if (!isFollowed) add("Routes", "?");
    else
      add("Routes", `${item.imported} imported, ${exportedBy(item)} exported, ${preferred(speaker, item)} preferred`);
    if (isFollowed)
      lines.push(
        "  Route change stats:     received   rejected   filtered    ignored   accepted",
        numbers("Import updates", Object.values(stats.importUpdates)),
        numbers("Import withdraws", [
          stats.importWithdraws.received,
          stats.importWithdraws.rejected,
          "---",
          stats.importWithdraws.ignored,
          stats.importWithdraws.accepted,
        ]),
        numbers("Export updates", [
          stats.exportUpdates.received,
          stats.exportUpdates.rejected,
          stats.exportUpdates.filtered,
          "---",
          stats.exportUpdates.accepted,
        ]),
        numbers("Export withdraws", [
          stats.exportWithdraws.received,
          "---",
          "---",
          "---",
          stats.exportWithdraws.accepted,
        ]),
      );
  }
  if (peer !== null) lines.push(...bgpDetails(speaker, peer));
  return lines;
}

/** A row of counters. */
export function numbers(name: string, values: readonly (number | string)[]): string {
  return `    ${`${name}:`.padEnd(19)}${values.map((value) => String(value).padStart(11)).join("")}`;
}

function preferred({ table }: Speaker, { owner }: Protocol): number {
  let count = 0;
  for (const { routes } of netsOf(table)) if (routes[0]?.owner === owner) count++;
  return count;
}

function bgpDetails(speaker: Speaker, peer: Peer): readonly string[] {
  arouse(speaker.world);
  const { configuration, session, protocol } = peer;
  const { now } = speaker.world;
  const lines = [`  BGP state:          ${shownState(peer)}`];
  const add = (name: string, value: string): void => {
    lines.push(`    ${`${name}:`.padEnd(18)}${value}`);
  };
  const left = (expires: number | null): number => (expires === null ? 0 : Math.max(0, Math.ceil(expires - now)));
  add("Neighbor address", formatAddress(configuration.neighbour));
  add("Neighbor AS", String(configuration.remoteAs));
  if (peer.restarting) lines.push("    Neighbor graceful restart active");
  const { retryTimer, staleTimer, startupTimer, restartTimer } = peer;
  if (staleTimer !== null && staleTimer.expires !== null) add("LL stale timer", `${left(staleTimer.expires)}/-`);
  if (protocol.state === "start") {
    if (startupTimer !== null && startupTimer.expires !== null) {
      add("Error wait", `${left(startupTimer.expires)}/${peer.startupDelay}`);
    }
    if (peer.outgoing.state === "Active" && retryTimer !== null && retryTimer.expires !== null) {
      add("Connect delay", `${left(retryTimer.expires)}/${configuration.connectDelay}`);
    }
    if (peer.restarting && restartTimer !== null && restartTimer.expires !== null) {
      add("Restart timer", `${left(restartTimer.expires)}/-`);
    }
  } else if (session !== null) {
    add("Neighbor ID", formatAddress(ipv4(peer.protocol.owner.bgp?.remoteId ?? 0)));
    add("Neighbor caps", capabilityWords(session.capabilities, speaker.configuration.family === 4 ? 1 : 2).join(" "));
    add("Session", sessionWords(peer, session).join(" "));
    if (peer.sourceAddress !== null) add("Source address", formatAddress(peer.sourceAddress));
    if (configuration.importLimit !== null) {
      add("Route limit", `${protocol.imported}/${configuration.importLimit.count}`);
    }
    add("Hold timer", `${left(session.timers?.hold.expires ?? null)}/${session.holdTime}`);
    add("Keepalive timer", `${left(session.timers?.keepalive.expires ?? null)}/${session.keepaliveTime}`);
  }
  const error = shownError(peer);
  if (error !== "") add("Last error", error);
  return lines;
}

function capabilityWords(capabilities: readonly Capability[], afi: number): readonly string[] {
  const words: string[] = [];
  const has = (kind: Capability["kind"]): boolean => capabilities.some((item) => item.kind === kind);
  if (has("route-refresh")) words.push("refresh");
  if (has("enhanced-refresh")) words.push("enhanced-refresh");
  const restart = capabilities.find((item) => item.kind === "graceful-restart");
  if (restart?.kind === "graceful-restart") {
    words.push(restart.families.some((family) => family.afi === afi) ? "restart-able" : "restart-aware");
  }
  const long = capabilities.find((item) => item.kind === "long-lived-graceful-restart");
  if (long?.kind === "long-lived-graceful-restart") {
    words.push(long.families.some((family) => family.afi === afi) ? "llgr-able" : "llgr-aware");
  }
  if (has("as4")) words.push("AS4");
  const mode =
    capabilities.flatMap((item) => (item.kind === "add-path" ? item.families : [])).find((item) => item.afi === afi)
      ?.mode ?? 0;
  if ((mode & 1) !== 0) words.push("add-path-rx");
  if ((mode & 2) !== 0) words.push("add-path-tx");
  if (has("extended-message")) words.push("ext-messages");
  return words;
}

function sessionWords({ configuration, addPathSend }: Peer, session: PeerConnection): readonly string[] {
  const words = [configuration.localAs === configuration.remoteAs ? "internal" : "external"];
  if (configuration.multihop !== null) words.push("multihop");
  if (configuration.reflectorClient) words.push("route-reflector");
  if (configuration.routeServerClient) words.push("route-server");
  if (session.form.as4) words.push("AS4");
  if (session.form.addPath4 || session.form.addPath6) words.push("add-path-rx");
  if (addPathSend) words.push("add-path-tx");
  return words;
}
