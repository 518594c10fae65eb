import { durationField } from "../kubernetes/duration-field.ts";
import { complain, type Field, flag, integer, listOf, member, oneOf, text } from "../kubernetes/field.ts";
import { type Metadata, readMetadata } from "../kubernetes/metadata.ts";
import { type SecretKeyReference, secretKeyReference } from "../kubernetes/secret-key-reference.ts";
import type { Origin } from "../model/origin.ts";
import { asNumberField } from "./as-number.ts";
import { type WrittenCIDR, writtenCIDR } from "./written-cidr.ts";

/** Who programs the routes between nodes for pools with IPIP and for pools without encapsulation, since v3.32. */
export type ProgramClusterRoutes = "Enabled" | "Disabled" | "EnabledIPIPOnly" | "EnabledNoEncapOnly";

export interface PrefixAdvertisement {
  readonly cidr: WrittenCIDR;
  /** Names of `communities`, or values such as `64512:100`. */
  readonly communities: readonly string[];
}

/**
 * A BGPConfiguration: `default` is the cluster's, `node.NAME` holds some settings of one node (libcalico-go, api/pkg/apis/projectcalico/v3).
 * Null stands for what is not written.
 */
export interface BGPConfiguration {
  readonly metadata: Metadata;
  readonly logSeverityScreen: string | null;
  readonly nodeToNodeMeshEnabled: boolean | null;
  readonly asNumber: number | null;
  readonly listenPort: number | null;
  readonly bindMode: "None" | "NodeIP" | null;
  readonly serviceClusterIPs: readonly WrittenCIDR[];
  readonly serviceExternalIPs: readonly WrittenCIDR[];
  readonly serviceLoadBalancerIPs: readonly WrittenCIDR[];
  /** Whether ranges of serviceLoadBalancerIPs are advertised whole (since v3.31). */
  readonly serviceLoadBalancerAggregation: "Enabled" | "Disabled" | null;
  readonly communities: ReadonlyMap<string, string>;
  /** Null where none is written: then those of `default` hold. */
  readonly prefixAdvertisements: readonly PrefixAdvertisement[] | null;
  readonly ignoredInterfaces: readonly string[];
  readonly nodeMeshPassword: SecretKeyReference | null;
  /** Seconds. */
  readonly nodeMeshMaxRestartTime: number | null;
  readonly programClusterRoutes: ProgramClusterRoutes | null;
  /** Metrics of routes that are no live migration's (since v3.32). */
  readonly ipv4NormalRoutePriority: number | null;
  readonly ipv6NormalRoutePriority: number | null;
  /** The addresses that workloads peer with. */
  readonly localWorkloadPeeringIPv4: string | null;
  readonly localWorkloadPeeringIPv6: string | null;
}

/** A port of TCP; null when absent or 0. */
function portField(field: Field): number | null {
  const port = integer(field);
  if (port === null || port === 0) return null;
  if (port > 0 && port <= 65535) return port;
  complain(field, "a port from 1 to 65535");
  return null;
}

function communitiesOf(field: Field): ReadonlyMap<string, string> {
  const named = listOf(field, (entry) => {
    const name = text(member(entry, "name"));
    const value = communityField(member(entry, "value"));
    return name === null || value === null ? null : ([name, value] as const);
  });
  // the first of a name counts (confd, getPrefixAdvertisementsKVPair)
  return new Map([...named].reverse());
}

/** `64512:100`, or a large one `64512:1:2`. */
export function communityField(field: Field): string | null {
  const written = text(field);
  if (written === null) return null;
  if (/^\d+:\d+(?::\d+)?$/.test(written)) return written;
  complain(field, "a community such as 64512:100 or 64512:1:2");
  return null;
}

export function readBGPConfiguration(resource: Field, origin: Origin): BGPConfiguration {
  const spec = member(resource, "spec");
  const cidrs = (name: string): readonly WrittenCIDR[] =>
    listOf(member(spec, name), (block) => writtenCIDR(member(block, "cidr")));
  const advertisements = member(spec, "prefixAdvertisements");
  const nodeToNodeMeshEnabled = flag(member(spec, "nodeToNodeMeshEnabled"));
  // Calico refuses both beside a mesh that is off
  for (const name of nodeToNodeMeshEnabled === false ? ["nodeMeshPassword", "nodeMeshMaxRestartTime"] : []) {
    const field = member(spec, name);
    if (field.value !== undefined && field.value !== null) complain(field, "none where nodeToNodeMeshEnabled is false");
  }
  const isWritten = advertisements.value !== undefined && advertisements.value !== null;
  return {
    metadata: readMetadata(resource, origin),
    logSeverityScreen: text(member(spec, "logSeverityScreen")) || null,
    nodeToNodeMeshEnabled,
    asNumber: asNumberField(member(spec, "asNumber")),
    listenPort: portField(member(spec, "listenPort")),
    bindMode: oneOf(member(spec, "bindMode"), ["None", "NodeIP"]),
    serviceClusterIPs: cidrs("serviceClusterIPs"),
    serviceExternalIPs: cidrs("serviceExternalIPs"),
    serviceLoadBalancerIPs: cidrs("serviceLoadBalancerIPs"),
    serviceLoadBalancerAggregation: oneOf(member(spec, "serviceLoadBalancerAggregation"), ["Enabled", "Disabled"]),
    communities: communitiesOf(member(spec, "communities")),
    prefixAdvertisements: isWritten
      ? listOf(advertisements, (entry) => {
          const cidr = writtenCIDR(member(entry, "cidr"));
          return cidr === null ? null : { cidr, communities: listOf(member(entry, "communities"), text) };
        })
      : null,
    ignoredInterfaces: listOf(member(spec, "ignoredInterfaces"), text),
    nodeMeshPassword: secretKeyReference(member(spec, "nodeMeshPassword")),
    nodeMeshMaxRestartTime: durationField(member(spec, "nodeMeshMaxRestartTime")),
    programClusterRoutes: oneOf(member(spec, "programClusterRoutes"), [
      "Enabled",
      "Disabled",
      "EnabledIPIPOnly",
      "EnabledNoEncapOnly",
    ]),
    ipv4NormalRoutePriority: integer(member(spec, "ipv4NormalRoutePriority")),
    ipv6NormalRoutePriority: integer(member(spec, "ipv6NormalRoutePriority")),
    localWorkloadPeeringIPv4: text(member(spec, "localWorkloadPeeringIPV4")) || null,
    localWorkloadPeeringIPv6: text(member(spec, "localWorkloadPeeringIPV6")) || null,
  };
}
