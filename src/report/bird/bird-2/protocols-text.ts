import { netsOf } from "../../../bgp/rib/table.ts";
import { channelsOf, isActive } from "../../../bgp/speaker/channels.ts";
import type { UnplayedProtocol } from "../../../bgp/speaker/configuration.ts";
import { exportedBy, statsOf } from "../../../bgp/speaker/export-counts.ts";
import { channelCapabilities } from "../../../bgp/speaker/open-channels.ts";
import { type Peer, shownError, shownState } from "../../../bgp/speaker/peer.ts";
import type { Protocol } from "../../../bgp/speaker/protocol.ts";
import type { Speaker } from "../../../bgp/speaker/speaker.ts";
import { isMaster, MASTER } from "../../../bgp/speaker/unfollowed.ts";
import { arouse } from "../../../emulator/world.ts";
import { type Family, formatAddress, ipv4 } from "../../../net/address.ts";
import { channelSettings } from "../channel-settings.ts";
import type { BirdClock } from "../clock.ts";
import { info, isCalled, numbers, TYPES } from "../protocols-text.ts";
import { unplayedDetails, unplayedRow } from "../unplayed-text.ts";
import { capabilitiesText } from "./capabilities-text.ts";

/** A protocol as a half of the daemon has it. */
interface Part {
  readonly half: Speaker;
  readonly item: Protocol;
}

/** What `birdc show protocols` prints, or `show protocols all` (nest/proto.c and proto/bgp/bgp.c of BIRD 2.0.12). */
export function protocolsText(
  halves: readonly Speaker[],
  clock: BirdClock,
  all: boolean,
  asked: string | null,
): string {
  const [first] = halves;
  if (first === undefined) return "";
  const { listed, protocolTimes } = first.configuration;
  const wanted = listed.filter(({ name }) => asked === null || isCalled(asked, name));
  if (wanted.length === 0)
    return asked?.startsWith('"') === true ? "No protocols match\n" : `${asked ?? "none"} is not a protocol\n`;
  const lines = [rowOf(["Name", "Proto", "Table", "State", "Since", "Info"])];
  for (const { name, channels } of wanted) {
    const parts = partsOf(halves, name);
    const main = mainOf(parts);
    if (main !== null) {
      lines.push(row(main, clock));
      if (all) lines.push(...details(main, inOrder(parts, channels)), "");
      continue;
    }
    const unplayed = unplayedCalled(halves, name);
    if (unplayed === null) continue;
    lines.push(unplayedRow(unplayed, clock(first.started, protocolTimes)));
    if (all) lines.push(...unplayedDetails(unplayed), "");
  }
  return `${lines.join("\n")}\n`;
}

function partsOf(halves: readonly Speaker[], name: string): readonly Part[] {
  return halves.flatMap((half) =>
    half.protocols.filter(({ configuration }) => configuration.name === name).map((item) => ({ half, item })),
  );
}

/** The part that has the session, or any. */
function mainOf(parts: readonly Part[]): Part | null {
  const carrier = parts.find(({ item: { configuration } }) => configuration.type !== "bgp" || !configuration.isCarried);
  return carrier ?? null;
}

function inOrder(parts: readonly Part[], channels: readonly Family[]): readonly Part[] {
  return channels.flatMap((family) => parts.find(({ half }) => half.configuration.family === family) ?? []);
}

function unplayedCalled(halves: readonly Speaker[], name: string): UnplayedProtocol | null {
  for (const { configuration } of halves) {
    const found = configuration.unplayed.find((item) => item.name === name);
    if (found !== undefined) return found;
  }
  return null;
}

function rowOf([name = "", type = "", table = "", state = "", since = "", text = ""]: readonly string[]): string {
  const columns = [name.padEnd(10), type.padEnd(10), table.padEnd(10), state.padEnd(6), since.padEnd(12)];
  return `${columns.join(" ")}  ${text}`;
}

function row({ half, item }: Part, clock: BirdClock): string {
  const { name, type } = item.configuration;
  const peer = peerOf({ half, item });
  const since = clock(item.since, half.configuration.protocolTimes);
  const hasMain = type === "static" || type === "kernel";
  const table = hasMain ? tableName({ half, item }) : "---";
  return rowOf([name, TYPES[type], table, item.state, since, peer === null ? "" : info(peer)]);
}

function tableName({ half, item }: Part): string {
  const { table } = item.configuration;
  return table === MASTER ? `${MASTER}${half.configuration.family}` : table;
}

function peerOf({ half, item }: Part): Peer | null {
  return half.peers.find(({ protocol }) => protocol === item) ?? null;
}

function details(main: Part, parts: readonly Part[]): readonly string[] {
  const { configuration } = main.item;
  const lines: string[] = [];
  if (configuration.description !== null) lines.push(`  Description:    ${configuration.description}`);
  if (configuration.routerId !== null) lines.push(`  Router ID:      ${formatAddress(ipv4(configuration.routerId))}`);
  const peer = peerOf(main);
  if (peer !== null) lines.push(...sessionDetails(main.half, peer));
  // the device protocol has no channel
  if (configuration.type !== "device") for (const part of parts) lines.push(...channelDetails(main, part));
  return lines;
}

/** bgp_show_proto_info() */
function sessionDetails(half: Speaker, peer: Peer): readonly string[] {
  arouse(half.world);
  const { configuration, session, protocol } = peer;
  const lines = [`  BGP state:          ${shownState(peer)}`];
  const add = (name: string, value: string): void => {
    lines.push(`    ${`${name}:`.padEnd(18)}${value}`);
  };
  const left = (expires: number | null): string =>
    (expires === null ? 0 : Math.max(0, expires - half.world.now)).toFixed(3);
  add("Neighbor address", formatAddress(configuration.neighbour));
  if (session?.outgoing === true && configuration.port !== BGP_PORT) add("Neighbor port", String(configuration.port));
  add("Neighbor AS", String(configuration.remoteAs));
  add("Local AS", String(configuration.localAs));
  const restarting = isRestarting(half, peer);
  if (restarting) lines.push("    Neighbor graceful restart active");
  const { retryTimer, startupTimer, restartTimer } = peer;
  if (protocol.state === "start") {
    if (startupTimer !== null && startupTimer.expires !== null) {
      add("Error wait", `${left(startupTimer.expires)}/${peer.startupDelay}`);
    }
    if (peer.outgoing.state === "Active" && retryTimer !== null && retryTimer.expires !== null) {
      add("Connect delay", `${left(retryTimer.expires)}/${configuration.connectDelay}`);
    }
    if (restarting && restartTimer !== null && restartTimer.expires !== null) {
      add("Restart timer", `${left(restartTimer.expires)}/-`);
    }
  } else if (protocol.state === "up" && session !== null) {
    add("Neighbor ID", formatAddress(ipv4(protocol.owner.bgp?.remoteId ?? 0)));
    const plain = peer.startState === "connect-nocap";
    const own = plain ? [] : channelCapabilities(configuration, half.recovery?.taking.has(protocol) === true);
    lines.push("    Local capabilities", ...capabilitiesText(own));
    lines.push("    Neighbor capabilities", ...capabilitiesText(session.capabilities));
    add("Session", sessionWords(peer, session.form.as4).join(" "));
    if (peer.sourceAddress !== null) add("Source address", formatAddress(peer.sourceAddress));
    add("Hold timer", `${left(session.timers?.hold.expires ?? null)}/${session.holdTime}`);
    add("Keepalive timer", `${left(session.timers?.keepalive.expires ?? null)}/${session.keepaliveTime}`);
  }
  const error = shownError(peer);
  if (error !== "") add("Last error", error);
  return lines;
}

const BGP_PORT = 179;

function sessionWords({ configuration }: Peer, as4: boolean): readonly string[] {
  const words = [configuration.localAs === configuration.remoteAs ? "internal" : "external"];
  if (configuration.multihop !== null) words.push("multihop");
  if (configuration.reflectorClient) words.push("route-reflector");
  if (configuration.routeServerClient) words.push("route-server");
  if (as4) words.push("AS4");
  return words;
}

function isRestarting(half: Speaker, peer: Peer): boolean {
  return channelsOf(half, peer).some((channel) => channel.peer.restarting);
}

/** States of a channel (c_states of nest/proto.c): of a neighbour that restarts they wait in START. */
function channelState(main: Part, { half, item }: Part): "DOWN" | "START" | "UP" | "FLUSHING" {
  const peer = peerOf({ half, item });
  const session = peerOf(main);
  if (peer === null || session === null) return item.state === "up" ? "UP" : "DOWN";
  if (!isActive(peer) || peer.channel === null) return "DOWN";
  switch (session.protocol.state) {
    case "up":
      return "UP";
    case "stop":
      return "FLUSHING";
    case "start":
      return isRestarting(main.half, session) ? "START" : "DOWN";
    case "down":
      return "DOWN";
  }
}

/** channel_show_info(), and what BGP says of its own. */
function channelDetails(main: Part, part: Part): readonly string[] {
  const { half, item } = part;
  const { configuration } = item;
  const { family } = half.configuration;
  const state = channelState(main, part);
  const lines = [`  Channel ipv${family}`];
  const add = (name: string, value: string): void => {
    lines.push(`    ${`${name}:`.padEnd(16)}${value}`);
  };
  add("State", state);
  add("Table", tableName(part));
  lines.push(...channelSettings(half, item, "    "));
  const isFollowed = isMaster(configuration.table);
  if (state !== "DOWN") {
    if (isFollowed) lines.push(...stats(part));
    else add("Routes", "?");
  }
  const peer = peerOf(part);
  const session = peerOf(main);
  if (peer !== null && session !== null) lines.push(...ofBgp(main.half, session, part, peer, state === "UP"));
  return lines;
}

function stats({ half, item }: Part): readonly string[] {
  const { importUpdates, importWithdraws, exportUpdates, exportWithdraws } = statsOf(item);
  const none = "---";
  let preferred = 0;
  for (const { routes } of netsOf(half.table)) if (routes[0]?.owner === item.owner) preferred++;
  return [
    `    Routes:         ${item.imported} imported, ${exportedBy(item)} exported, ${preferred} preferred`,
    "    Route change stats:     received   rejected   filtered    ignored   accepted",
    numbers("Import updates", Object.values(importUpdates)),
    numbers("Import withdraws", [
      importWithdraws.received,
      importWithdraws.rejected,
      none,
      importWithdraws.ignored,
      importWithdraws.accepted,
    ]),
    numbers("Export updates", [
      exportUpdates.received,
      exportUpdates.rejected,
      exportUpdates.filtered,
      none,
      exportUpdates.accepted,
    ]),
    numbers("Export withdraws", [exportWithdraws.received, none, none, none, exportWithdraws.accepted]),
  ].map((line, index) => (index < 2 ? line : `  ${line}`));
}

function ofBgp(main: Speaker, session: Peer, { half }: Part, peer: Peer, isUp: boolean): readonly string[] {
  const lines: string[] = [];
  const add = (name: string, value: string): void => {
    lines.push(`    ${`${name}:`.padEnd(16)}${value}`);
  };
  if (isRestarting(main, session)) {
    add("Neighbor GR", peer.restarting ? (peer.longLived ? "Long-lived" : "Regular") : "None");
  }
  const { staleTimer, exporter, configuration } = peer;
  const { family } = half.configuration;
  if (staleTimer !== null && staleTimer.expires !== null) {
    add("LL stale timer", `${Math.max(0, staleTimer.expires - half.world.now).toFixed(3)}/-`);
  }
  if (isUp) {
    const { address, link } = exporter.nextHop;
    const hops = [address === null ? "::" : formatAddress(address), ...(link === null ? [] : [formatAddress(link)])];
    add("BGP Next hop", hops.join(" "));
  }
  if (!configuration.recursive) return lines;
  const extended = configuration.channels.find((channel) => channel.family === family)?.extendedNextHop === true;
  for (const one of [4, 6] as const) {
    if (one === family || extended) lines.push(`    IGP IPv${one} table: ${MASTER}${one}`);
  }
  return lines;
}
