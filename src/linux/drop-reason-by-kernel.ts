import type { Network } from "../model/network.ts";
import type { DropReason } from "./drop-reason.ts";

/** Major, minor and patch level of a kernel. */
type KernelVersion = readonly [number, number, number];

/**
 * The first kernel that gives a reason in the places where podpath gives it (include/net/dropreason-core.h and what it was
 * before: dropreason.h, include/linux/skbuff.h). Linux 6.12.46 took those of VXLAN over, and the last one came to 6.18 so.
 */
const GIVEN_SINCE: Readonly<Record<DropReason, KernelVersion>> = {
  NO_SOCKET: [5, 17, 0],
  TCP_CSUM: [5, 17, 0],
  UDP_CSUM: [5, 17, 0],
  NETFILTER_DROP: [5, 18, 0],
  OTHERHOST: [5, 18, 0],
  IP_RPFILTER: [5, 18, 0],
  NEIGH_FAILED: [5, 18, 0],
  NEIGH_QUEUEFULL: [5, 18, 0],
  QDISC_DROP: [5, 18, 0],
  ICMP_CSUM: [5, 19, 0],
  IP_INHDR: [5, 19, 0],
  IP_INNOROUTES: [5, 19, 0],
  IP_INADDRERRORS: [5, 19, 0],
  UNHANDLED_PROTO: [5, 19, 0],
  IPV6DISABLED: [5, 19, 0],
  PKT_TOO_BIG: [5, 19, 0],
  // In IPv4 one release sooner.
  UNICAST_IN_L2_MULTICAST: [5, 19, 0],
  DUP_FRAG: [6, 2, 0],
  FRAG_REASM_TIMEOUT: [6, 2, 0],
  VXLAN_VNI_NOT_FOUND: [6, 12, 46],
  VXLAN_INVALID_HDR: [6, 12, 46],
  VXLAN_ENTRY_EXISTS: [6, 12, 46],
  MAC_INVALID_SOURCE: [6, 12, 46],
  LOCAL_MAC: [6, 12, 46],
  IP_TUNNEL_ECN: [6, 12, 46],
  NO_TX_TARGET: [6, 12, 46],
  // These names are of 5.18; VXLAN devices, where podpath gives them, have them with the others.
  IP_OUTNOROUTES: [6, 12, 46],
  PKT_TOO_SMALL: [6, 12, 46],
  IP_LOCAL_SOURCE: [6, 13, 0],
  IP_INVALID_SOURCE: [6, 13, 0],
  IP_INVALID_DEST: [6, 13, 0],
  IP_LOCALNET: [6, 13, 0],
  BRIDGE_INGRESS_STP_STATE: [6, 14, 0],
  RECURSION_LIMIT: [6, 18, 0],
};

/** The first of the series 5.15, and what it took over with the fix that needed it (patches 74 to 81 of 201 for 5.15.58). */
const LONG_TERM: KernelVersion = [5, 15, 58];
const TAKEN_OVER: ReadonlySet<DropReason> = new Set([
  "NO_SOCKET",
  "TCP_CSUM",
  "UDP_CSUM",
  "NETFILTER_DROP",
  "OTHERHOST",
  "IP_RPFILTER",
]);

/** What 6.13 called NO_TX_TARGET. */
const NO_REMOTE = "VXLAN_NO_REMOTE";

/** A drop reason in the words of some kernel. */
export type NamedReason = DropReason | typeof NO_REMOTE;

/** Kernels of RHEL and its kin, whose version says nothing about what was taken over from later ones. */
const BACKPORTS = /\.el\d/;

/**
 * What the kernel of a release (`uname -r`) calls a reason of Linux 6.18; null where it says NOT_SPECIFIED. A release that
 * nobody told, or that tells no version of kernel.org, gets the names of 6.18.
 */
export function reasonByKernel(reason: DropReason | null, release: string | null): NamedReason | null {
  const version = release === null || BACKPORTS.test(release) ? null : /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(release);
  if (reason === null || version === null) return reason;
  const [, major = 0, minor = 0, patch = 0] = version.map(Number);
  const running: KernelVersion = [major, minor, Number.isNaN(patch) ? 0 : patch];
  const longTerm = major === LONG_TERM[0] && minor === LONG_TERM[1] && !isBefore(running, LONG_TERM);
  if (longTerm) return TAKEN_OVER.has(reason) ? reason : null;
  if (isBefore(running, GIVEN_SINCE[reason])) return null;
  return reason === "NO_TX_TARGET" && major === 6 && minor === 13 ? NO_REMOTE : reason;
}

/** What the kernel of a host calls a reason; a pod has the kernel of its node. */
export function reasonOnHost(network: Network, hostName: string, reason: DropReason | null): NamedReason | null {
  if (reason === null) return null;
  const host = network.hosts.get(hostName);
  return reasonByKernel(reason, host?.kernel ?? network.hosts.get(host?.node ?? "")?.kernel ?? null);
}

function isBefore(one: KernelVersion, other: KernelVersion): boolean {
  const place = one.findIndex((part, index) => part !== other[index]);
  return place >= 0 && (one[place] ?? 0) < (other[place] ?? 0);
}
