import { arouse } from "../../emulator/world.ts";
import type { BirdFilterUse } from "../../model/bird/configuration.ts";
import { filterText } from "../filter/filter-text.ts";
import { moveAudience } from "./audience.ts";
import type { BgpConfiguration, ProtocolConfiguration, SpeakerConfiguration } from "./configuration.ts";
import { endPeer } from "./instance.ts";
import { scanKernel, stopKernel, tellKernel } from "./kernel.ts";
import { scanStatic } from "./local-routes.ts";
import type { Peer } from "./peer.ts";
import { flushRoutes, type Protocol, setState } from "./protocol.ts";
import { reloadRoutes } from "./session.ts";
import { addProtocol, removePeer, type Speaker, startProtocol } from "./speaker.ts";

/** Subcodes of Cease (RFC 4486): of a peer that is gone, and of one that is told something else. */
const DECONFIGURED = 3;
const OTHER_CHANGE = 6;

/**
 * `birdc configure`: a daemon that runs reads another configuration, as confd lets it. Protocols whose definition is the same go on, those
 * with other filters tell or ask for their routes again, the others start anew (protos_commit, proto_reconfigure of nest/proto.c and
 * bgp_reconfigure, BIRD 1.6). The listening socket stays where it is: "not implemented, please restart BIRD".
 */
export function reconfigureSpeaker(speaker: Speaker, next: SpeakerConfiguration): void {
  arouse(speaker.world);
  const before = speaker.configuration;
  const { listenAddress, listenPort } = before;
  speaker.configuration = { ...next, listenAddress, listenPort };
  const wanted = new Map(next.protocols.map((item, order) => [item.name, { item, order }]));
  const changes = { before, next };
  for (const item of [...speaker.protocols]) {
    const found = wanted.get(item.configuration.name);
    wanted.delete(item.configuration.name);
    if (found === undefined) remove(speaker, item, DECONFIGURED);
    else if (isSame(speaker, item, found.item, changes)) goOn(speaker, item, found.item, changes);
    else replace(speaker, item, found.item, found.order);
  }
  for (const { item, order } of wanted.values()) begin(speaker, addProtocol(speaker, item, order));
}

interface Changes {
  readonly before: SpeakerConfiguration;
  readonly next: SpeakerConfiguration;
}

function begin(speaker: Speaker, item: Protocol): void {
  if (!item.configuration.disabled) startProtocol(speaker, item);
}

function replace(speaker: Speaker, item: Protocol, wanted: ProtocolConfiguration, order: number): void {
  remove(speaker, item, OTHER_CHANGE);
  begin(speaker, addProtocol(speaker, wanted, order));
}

function remove(speaker: Speaker, item: Protocol, subcode: number): void {
  const { protocols, kernels, peers } = speaker;
  protocols.splice(protocols.indexOf(item), 1);
  const peer = peers.findIndex(({ protocol }) => protocol === item);
  const gone = peers[peer];
  if (gone !== undefined) {
    removePeer(speaker, gone);
    return endPeer(speaker, gone, subcode);
  }
  const kernel = kernels.findIndex(({ protocol }) => protocol === item);
  const [left] = kernel < 0 ? [] : kernels.splice(kernel, 1);
  if (left !== undefined) stopKernel(speaker, left);
  flushRoutes(speaker, item);
  setState(speaker, item, "down");
}

/** Whether a protocol can go on as it is, but for its filters. */
function isSame(speaker: Speaker, item: Protocol, wanted: ProtocolConfiguration, { before, next }: Changes): boolean {
  const { configuration } = item;
  const peer = speaker.peers.find(({ protocol }) => protocol === item);
  const isDisabled = peer?.disabled ?? configuration.disabled;
  if (item.state === "down" || wanted.disabled !== isDisabled || wanted.type !== configuration.type) return false;
  if (wanted.type === "bgp" && before.routerId !== next.routerId) return false;
  if (wanted.type === "static" || wanted.type === "device") return true;
  return definition(configuration) === definition(wanted);
}

/** Fields that all protocols have, and what is taken over without a new start. */
const TAKEN_OVER: ReadonlySet<string> = new Set([
  "name",
  "disabled",
  "description",
  "preference",
  "import",
  "export",
  "origin",
  "column",
  "importLimit",
]);

/** What has to be equal for a protocol to go on. */
function definition(configuration: ProtocolConfiguration): string {
  return JSON.stringify(configuration, (key, value: unknown) => (TAKEN_OVER.has(key) ? undefined : value));
}

function goOn(speaker: Speaker, item: Protocol, wanted: ProtocolConfiguration, changes: Changes): void {
  const old = item.configuration;
  item.configuration = wanted;
  const isTakenAnew = !sameFilter(old.import, wanted.import, changes) || old.preference !== wanted.preference;
  const isToldAnew = !sameFilter(old.export, wanted.export, changes);
  if (wanted.type === "bgp") {
    const peer = speaker.peers.find(({ protocol }) => protocol === item);
    if (peer !== undefined) goOnWith(speaker, peer, wanted, isTakenAnew, isToldAnew);
  }
  if (wanted.type === "static") scanStatic(speaker, item, wanted);
  if (wanted.type !== "kernel") return;
  const kernel = speaker.kernels.find(({ protocol }) => protocol === item);
  if (kernel === undefined) return;
  kernel.configuration = wanted;
  if (item.state !== "up") return;
  if (isTakenAnew) {
    kernel.learnt = new Map();
    scanKernel(speaker, kernel);
  }
  if (isToldAnew) tellKernel(speaker, kernel);
}

function goOnWith(
  speaker: Speaker,
  peer: Peer,
  wanted: BgpConfiguration,
  isTakenAnew: boolean,
  isToldAnew: boolean,
): void {
  peer.configuration = wanted;
  if (peer.protocol.state !== "up") return;
  if (isTakenAnew && !reloadRoutes(speaker, peer))
    return replace(speaker, peer.protocol, wanted, peer.protocol.owner.order);
  if (isToldAnew) moveAudience(speaker, peer);
}

/** filter_same(): the same statements, with the same functions, wherever they stand. */
function sameFilter(old: BirdFilterUse, wanted: BirdFilterUse, { before, next }: Changes): boolean {
  return filterText(old, before.filters) === filterText(wanted, next.filters);
}
