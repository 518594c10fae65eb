import {
  ADD_PATH_RECEIVE,
  ADD_PATH_SEND,
  AFI_IPV4,
  AFI_IPV6,
  type Capability,
  SAFI_UNICAST,
} from "../messages/capability.ts";
import type { BgpConfiguration, ChannelConfiguration } from "./configuration.ts";
import type { ChannelAgreement } from "./peer.ts";

/** Flags of the graceful restart capability (RFC 4724 section 3): of the speaker, and of a family. */
export const RESTARTED = 8;
export const FORWARDING = 0x80;

const AFI = { 4: AFI_IPV4, 6: AFI_IPV6 } as const;

/** What the OPEN of a BIRD 2 offers: each family in each capability (bgp_prepare_capabilities, bgp_write_capabilities of 2.0.12). */
export function channelCapabilities(peer: BgpConfiguration, recovers: boolean): readonly Capability[] {
  const { channels } = peer;
  const flags = recovers ? FORWARDING : 0;
  const familyOf = ({ family }: ChannelConfiguration) => ({ afi: AFI[family], safi: SAFI_UNICAST });
  const capabilities: Capability[] = channels.map((channel) => ({ kind: "multiprotocol", ...familyOf(channel) }));
  if (peer.refresh) capabilities.push({ kind: "route-refresh" });
  // IPv6 may have next hops of IPv4 without a word
  const extended = channels.filter(({ family, extendedNextHop }) => family === 4 && extendedNextHop);
  if (extended.length > 0) {
    const families = extended.map((channel) => ({ ...familyOf(channel), nextHopAfi: AFI_IPV6 }));
    capabilities.push({ kind: "extended-next-hop", families });
  }
  if (peer.gracefulRestart !== "off") {
    const families = channels.filter(({ restarts }) => restarts).map((channel) => ({ ...familyOf(channel), flags }));
    const time = peer.gracefulRestartTime;
    capabilities.push({ kind: "graceful-restart", flags: recovers ? RESTARTED : 0, time, families });
  }
  if (peer.as4) capabilities.push({ kind: "as4", as: peer.localAs });
  const paths = channels.filter(({ addPathReceive, addPathSend }) => addPathReceive || addPathSend);
  if (paths.length > 0) {
    const families = paths.map((channel) => ({ ...familyOf(channel), mode: modeOf(channel) }));
    capabilities.push({ kind: "add-path", families });
  }
  if (peer.refresh) capabilities.push({ kind: "enhanced-refresh" });
  if (peer.longLivedRestart !== "off") {
    const families = channels.flatMap((channel) =>
      channel.staleTime === null ? [] : [{ ...familyOf(channel), flags, time: channel.staleTime }],
    );
    capabilities.push({ kind: "long-lived-graceful-restart", families });
  }
  return capabilities;
}

function modeOf({ addPathReceive, addPathSend }: ChannelConfiguration): number {
  return (addPathReceive ? ADD_PATH_RECEIVE : 0) | (addPathSend ? ADD_PATH_SEND : 0);
}

/** What becomes of each channel with a neighbour that has told this (bgp_conn_enter_established_state). */
export function agreedChannels(peer: BgpConfiguration, told: readonly Capability[]): readonly ChannelAgreement[] {
  const restart = told.find((item) => item.kind === "graceful-restart");
  // the one goes with the other (bgp_read_capabilities)
  const long = restart === undefined ? undefined : told.find((item) => item.kind === "long-lived-graceful-restart");
  const hops = told.flatMap((item) => (item.kind === "extended-next-hop" ? item.families : []));
  const paths = told.flatMap((item) => (item.kind === "add-path" ? item.families : []));
  return peer.channels.map((channel) => {
    const afi = AFI[channel.family];
    const isTold = told.some((item) => item.kind === "multiprotocol" && item.afi === afi && item.safi === SAFI_UNICAST);
    // one that tells nothing at all has IPv4
    const isActive = isTold || (told.length === 0 && channel.family === 4);
    const restarts = restart?.kind === "graceful-restart" && restart.families.some((item) => item.afi === afi);
    const stale =
      long?.kind === "long-lived-graceful-restart" ? long.families.find((item) => item.afi === afi) : undefined;
    const mode = paths.find((item) => item.afi === afi)?.mode ?? 0;
    const isReady = isActive && peer.gracefulRestart !== "off" && restarts;
    const isLongLivedReady = isActive && peer.longLivedRestart !== "off" && stale !== undefined;
    return {
      family: channel.family,
      isActive,
      addPathReceive: isActive && channel.addPathReceive && (mode & ADD_PATH_SEND) !== 0,
      addPathSend: isActive && channel.addPathSend && (mode & ADD_PATH_RECEIVE) !== 0,
      extendedNextHop:
        channel.extendedNextHop &&
        (channel.family === 6 || hops.some((item) => item.afi === afi && item.nextHopAfi === AFI_IPV6)),
      gracefulReady: isReady || isLongLivedReady,
      staleTime: peer.longLivedRestart !== "off" ? (stale?.time ?? 0) : 0,
      isLongLivedReady,
    };
  });
}
