import type { Family } from "../../net/address.ts";
import { AS_TRANS } from "../messages/attribute-type.ts";
import {
  ADD_PATH_RECEIVE,
  ADD_PATH_SEND,
  AFI_IPV4,
  AFI_IPV6,
  type Capability,
  SAFI_UNICAST,
} from "../messages/capability.ts";
import type { MessageError } from "../messages/decode.ts";
import { encodeMessage } from "../messages/encode.ts";
import { type OpenMessage, PLAIN_FORM, type WireForm, wireForm } from "../messages/message.ts";
import { OPEN_ERROR } from "../messages/notification-text.ts";
import { type BgpConfiguration, identifierOf, type SpeakerConfiguration } from "./configuration.ts";
import { agreedChannels, channelCapabilities, FORWARDING, RESTARTED } from "./open-channels.ts";
import type { ChannelAgreement } from "./peer.ts";

const VERSION = 4;

/** `plain`: the neighbour has refused capabilities; `recovers`: this daemon has restarted, and its kernel still forwards by the routes of before. */
interface OpenForm {
  readonly plain: boolean;
  readonly recovers: boolean;
}

/** An OPEN, and an instance that says it. */
interface Opening {
  readonly peer: BgpConfiguration;
  readonly form: OpenForm;
  readonly octets: Uint8Array;
}

const opens = new WeakMap<SpeakerConfiguration, Opening[]>();

function saysTheSame(x: BgpConfiguration, y: BgpConfiguration): boolean {
  return (
    x.routerId === y.routerId &&
    x.localAs === y.localAs &&
    x.holdTime === y.holdTime &&
    x.gracefulRestart === y.gracefulRestart &&
    x.gracefulRestartTime === y.gracefulRestartTime &&
    x.longLivedRestart === y.longLivedRestart &&
    x.longLivedStaleTime === y.longLivedStaleTime &&
    x.refresh === y.refresh &&
    x.as4 === y.as4 &&
    x.addPathReceive === y.addPathReceive &&
    x.addPathSend === y.addPathSend &&
    x.advertiseIpv4 === y.advertiseIpv4
  );
}

/** The octets of an instance's OPEN, made once for all instances of a daemon that say the same. */
export function openOctets(speaker: SpeakerConfiguration, peer: BgpConfiguration, form: OpenForm): Uint8Array {
  let ofSpeaker = opens.get(speaker);
  if (ofSpeaker === undefined) {
    ofSpeaker = [];
    opens.set(speaker, ofSpeaker);
  }
  const { plain, recovers } = form;
  for (const opening of ofSpeaker) {
    const isSo =
      opening.form.plain === plain &&
      opening.form.recovers === recovers &&
      // in BIRD 2 no two have one list of channels
      (speaker.release === "1.6" || opening.peer.channels === peer.channels);
    if (isSo && saysTheSame(opening.peer, peer)) return opening.octets;
  }
  const made = encodeMessage(openMessage(speaker, peer, form), PLAIN_FORM);
  ofSpeaker.push({ peer, form, octets: made });
  return made;
}

/** The OPEN of an instance (bgp_create_open). */
export function openMessage(
  speaker: SpeakerConfiguration,
  peer: BgpConfiguration,
  { plain, recovers }: OpenForm,
): OpenMessage {
  const afi = speaker.family === 4 ? AFI_IPV4 : AFI_IPV6;
  const family = { afi, safi: SAFI_UNICAST };
  const capabilities: Capability[] = [];
  if (!plain && speaker.release === "2") capabilities.push(...channelCapabilities(peer, recovers));
  else if (!plain) {
    if (speaker.family === 6 || peer.advertiseIpv4) capabilities.push({ kind: "multiprotocol", ...family });
    if (peer.refresh) capabilities.push({ kind: "route-refresh" });
    if (peer.gracefulRestart !== "off") {
      const families = peer.gracefulRestart === "able" ? [{ ...family, flags: recovers ? FORWARDING : 0 }] : [];
      const time = peer.gracefulRestart === "able" ? peer.gracefulRestartTime : 0;
      capabilities.push({ kind: "graceful-restart", flags: recovers ? RESTARTED : 0, time, families });
    }
    if (peer.as4) capabilities.push({ kind: "as4", as: peer.localAs });
    const mode = (peer.addPathReceive ? ADD_PATH_RECEIVE : 0) | (peer.addPathSend ? ADD_PATH_SEND : 0);
    if (mode !== 0) capabilities.push({ kind: "add-path", families: [{ ...family, mode }] });
    if (peer.refresh) capabilities.push({ kind: "enhanced-refresh" });
    if (peer.longLivedRestart !== "off") {
      const flags = recovers ? FORWARDING : 0;
      const families = peer.longLivedRestart === "able" ? [{ ...family, flags, time: peer.longLivedStaleTime }] : [];
      capabilities.push({ kind: "long-lived-graceful-restart", families });
    }
  }
  return {
    kind: "open",
    version: VERSION,
    as: peer.localAs < 0xffff ? peer.localAs : AS_TRANS,
    holdTime: peer.holdTime,
    identifier: identifierOf(speaker, peer),
    capabilities,
  };
}

/** What two OPENs agree on. */
interface Agreement {
  readonly holdTime: number;
  /** Seconds; null: as it is written. */
  readonly keepaliveTime: number | null;
  /** In BIRD 2, those of the instance. */
  readonly channels: readonly ChannelAgreement[];
  /** Of UPDATEs that come, and of those that go. */
  readonly form: WireForm;
  readonly sendForm: WireForm;
  readonly addPathSend: boolean;
  readonly gracefulReady: boolean;
  /** Seconds for which routes of a neighbour that is gone may be kept after its restart time; null: it does not know of that. */
  readonly staleTime: number | null;
}

/** What capabilities say of a family. */
interface Offer {
  readonly as4: number | null;
  /** Of ADD-PATH. */
  readonly mode: number;
  readonly restarts: boolean;
  readonly longLived: { readonly time: number } | null;
}

const NOTHING: readonly Capability[] = [];
const offers: Record<4 | 6, WeakMap<readonly Capability[], Offer>> = { 4: new WeakMap(), 6: new WeakMap() };

/** Read once for all who receive the same OPEN. */
function offerOf(capabilities: readonly Capability[], family: 4 | 6): Offer {
  const known = offers[family].get(capabilities);
  if (known !== undefined) return known;
  const afi = family === 4 ? AFI_IPV4 : AFI_IPV6;
  const as4 = capabilities.find((item) => item.kind === "as4");
  const modes = capabilities.flatMap((item) => (item.kind === "add-path" ? item.families : []));
  // The one goes with the other (bgp_read_capabilities).
  const long = capabilities.some(({ kind }) => kind === "graceful-restart")
    ? capabilities.flatMap((item) => (item.kind === "long-lived-graceful-restart" ? item.families : []))
    : [];
  const offer: Offer = {
    as4: as4?.kind === "as4" ? as4.as : null,
    mode: modes.find((item) => item.afi === afi)?.mode ?? 0,
    restarts: capabilities.some(
      (item) => item.kind === "graceful-restart" && item.families.some((one) => one.afi === afi),
    ),
    longLived: long.find((item) => item.afi === afi) ?? null,
  };
  offers[family].set(capabilities, offer);
  return offer;
}

/** Checks the neighbour's OPEN (bgp_rx_open of proto/bgp/packets.c; RFC 4271 section 6.2). */
export function agree(
  speaker: SpeakerConfiguration,
  peer: BgpConfiguration,
  open: OpenMessage,
  plain: boolean,
): Agreement | MessageError {
  const error = (subcode: number, data: Uint8Array): MessageError => ({ code: OPEN_ERROR, subcode, data });
  if (open.version !== VERSION) return error(1, Uint8Array.of(open.version));
  if (open.holdTime > 0 && open.holdTime < 3) return error(6, octets(open.holdTime, 2));
  const internal = peer.localAs === peer.remoteAs;
  if (open.identifier === 0 || (internal && open.identifier === identifierOf(speaker, peer))) {
    return error(3, new Uint8Array());
  }
  if (speaker.release === "2") return agreeOnChannels(speaker, peer, open, plain);
  const { as4, mode, restarts, longLived: told } = offerOf(plain ? NOTHING : open.capabilities, speaker.family);
  const as = peer.as4 && as4 !== null ? as4 : open.as;
  if (as !== peer.remoteAs) return error(2, octets(as, as4 === null ? 2 : 4));
  const addPathReceive = peer.addPathReceive && (mode & ADD_PATH_SEND) !== 0;
  const addPathSend = peer.addPathSend && (mode & ADD_PATH_RECEIVE) !== 0;
  const isLong = peer.as4 && as4 !== null;
  const four = speaker.family === 4;
  const longLived = peer.longLivedRestart === "off" ? null : told;
  return {
    holdTime: Math.min(open.holdTime, peer.holdTime),
    keepaliveTime: null,
    channels: NO_CHANNELS,
    form: wireForm(isLong, four && addPathReceive, !four && addPathReceive, internal),
    sendForm: wireForm(isLong, four && addPathSend, !four && addPathSend, internal),
    addPathSend,
    gracefulReady: longLived !== null || (peer.gracefulRestart !== "off" && restarts),
    staleTime: longLived?.time ?? null,
  };
}

const NO_CHANNELS: readonly ChannelAgreement[] = [];

/** The same in BIRD 2, which looks at the capabilities before the AS, and refuses a neighbour with whom it has no family in common. */
function agreeOnChannels(
  { family }: SpeakerConfiguration,
  peer: BgpConfiguration,
  open: OpenMessage,
  plain: boolean,
): Agreement | MessageError {
  const told = plain ? NOTHING : open.capabilities;
  const channels = agreedChannels(peer, told);
  if (peer.capabilities && !plain && !channels.some(({ isActive }) => isActive)) {
    return { code: OPEN_ERROR, subcode: 7, data: new Uint8Array() };
  }
  const found = told.find((item) => item.kind === "as4");
  const as4 = found?.kind === "as4" ? found.as : null;
  const as = as4 ?? open.as;
  if (as !== peer.remoteAs) return { code: OPEN_ERROR, subcode: 2, data: octets(as, as4 === null ? 2 : 4) };
  const holdTime = Math.min(open.holdTime, peer.holdTime);
  const shared = peer.keepaliveTime === null ? holdTime / 3 : (peer.keepaliveTime * holdTime) / peer.holdTime;
  const internal = peer.localAs === peer.remoteAs;
  const extended = channels.some(({ extendedNextHop }) => extendedNextHop);
  const form = (adds: (channel: ChannelAgreement) => boolean): WireForm => {
    const on = (one: Family): boolean => channels.some((channel) => channel.family === one && adds(channel));
    return wireForm(peer.as4 && as4 !== null, on(4), on(6), internal, extended);
  };
  const own = channels.find((channel) => channel.family === family);
  const isLongLived = channels.some(({ isLongLivedReady }) => isLongLivedReady);
  return {
    holdTime,
    keepaliveTime: holdTime > 0 ? Math.max(1, Math.floor(shared)) : 0,
    channels,
    form: form(({ addPathReceive }) => addPathReceive),
    sendForm: form(({ addPathSend }) => addPathSend),
    addPathSend: own?.addPathSend ?? false,
    gracefulReady: channels.some(({ gracefulReady }) => gracefulReady),
    staleTime: isLongLived ? (own?.staleTime ?? 0) : null,
  };
}

function octets(value: number, count: 2 | 4): Uint8Array {
  const all = Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
  return count === 4 ? all : all.slice(2);
}
