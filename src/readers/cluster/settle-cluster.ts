import { poolsOfEnvironment } from "../../calico/calico-node-environment.ts";
import type { Cluster } from "../../calico/cluster.ts";
import type { ClusterVersions, DeclaredNode } from "../../calico/declared-node.ts";
import { poolsOfInstallation } from "../../calico/installation.ts";
import type { IPPool } from "../../calico/ip-pool.ts";
import type { AddressPlan } from "../../calico/ipam/address-plan.ts";
import { assignAddresses } from "../../calico/ipam/assign-addresses.ts";
import { wiringFindings } from "../../calico/wiring/wiring-findings.ts";
import { type EndpointSlices, endpointSlicesOf } from "../../kubernetes/endpoint-slices-of.ts";
import { topField } from "../../kubernetes/field.ts";
import { describeResource, type Metadata } from "../../kubernetes/metadata.ts";
import { hasFinished, type Pod } from "../../kubernetes/pod.ts";
import { withServiceAddresses } from "../../kubernetes/service-addresses.ts";
import {
  podsOfControllers,
  type RoughlyPlaced,
  type Unplaced,
} from "../../kubernetes/workloads/pods-of-controllers.ts";
import { scheduler } from "../../kubernetes/workloads/scheduler.ts";
import { append } from "../../model/append.ts";
import type { Finding } from "../../model/finding.ts";
import { NO_ORIGIN, type OriginTable } from "../../model/origin.ts";
import { type Address, formatAddress, ipv4 } from "../../net/address.ts";
import { formatPrefix, type Prefix, prefixOf } from "../../net/prefix.ts";
import { findingAt } from "../snapshot/finding-at.ts";
import { withBootstrapObjects } from "./bootstrap.ts";
import { declaredNodes } from "./declared-nodes.ts";
import { healthAnswers } from "./health-answers.ts";
import type { NodesFile } from "./nodes-file.ts";
import { blocksNow, podsNow, type RunningPods } from "./running-pods.ts";
import { clusterVersions } from "./versions.ts";

/** A cluster in which everything has happened that follows from its resources: pods run and have their addresses. */
export interface SettledCluster {
  readonly cluster: Cluster;
  readonly nodes: readonly DeclaredNode[];
  readonly versions: ClusterVersions;
  readonly plan: AddressPlan;
  readonly slices: EndpointSlices;
  /** Configurations of the BIRDs of machines that are no nodes, by their names. */
  readonly birds: NodesFile["fabric"]["birds"];
  readonly findings: readonly Finding[];
}

/** kubeadm's default `serviceSubnet`. */
const SERVICE_SUBNET = prefixOf(ipv4(0x0a600000), 12);
/** The pool that calico/node makes where neither kubeadm nor anybody says (node/pkg/lifecycle/startup). */
const POD_SUBNET = prefixOf(ipv4(0xc0a80000), 16);

/** `before`: what ran when the cluster was changed; null for one that comes up. */
export function settleCluster(
  declared: Cluster,
  file: NodesFile,
  origins: OriginTable,
  before: RunningPods | null = null,
): SettledCluster {
  const findings: Finding[] = [];
  const { versions, findings: aboutVersions } = clusterVersions(file.versions);
  const pools = declared.ipPools.size > 0 ? declared.ipPools : defaultPools(declared, findings);
  const withPools = { ...declared, ipPools: pools };
  const { nodes, objects, findings: aboutNodes } = declaredNodes(file, withPools, origins);
  const { serviceSubnets } = declared.settings;
  const subnets = serviceSubnets.length > 0 ? serviceSubnets : [SERVICE_SUBNET];
  const whole = withBootstrapObjects({ ...withPools, nodes: objects }, objects, subnets, origins);
  const candidates = [...objects.values()].map(({ metadata, taints, allocatable }) => ({
    name: metadata.name,
    labels: metadata.labels,
    taints,
    allocatable: file.allocatable.get(metadata.name) ?? allocatable,
  }));
  const {
    pods: wanted,
    unplaced,
    roughly,
  } = podsOfControllers(whole.pods, whole.controllers.values(), scheduler(candidates));
  append(findings, [...aboutVersions, ...aboutNodes, ...unplaced.map((one) => unschedulable(one, origins))]);
  const assumed = placementAssumed(roughly, origins);
  if (assumed !== null) findings.push(assumed);
  const pods = before === null ? wanted : podsNow(wanted, before);
  const running: Cluster = {
    ...whole,
    ...(before === null ? {} : { ipamBlocks: blocksNow(pods, before) }),
    settings: { ...whole.settings, serviceSubnets: subnets },
    pods,
    services: withServiceAddresses(whole.services, subnets, whole.settings.nodePorts),
  };
  const plan = assignAddresses(running, nodes, versions, origins);
  append(findings, [...plan.findings, ...wiringFindings(running, nodes, versions, playedPeers(file))]);
  const cluster: Cluster = { ...running, pods: withAddresses(running, plan), nodes: withTunnels(running, plan) };
  const unhinted = hintsUnknown(cluster, origins);
  if (unhinted !== null) findings.push(unhinted);
  const slices = endpointSlicesOf(cluster);
  append(findings, healthAnswers(cluster, slices, origins));
  return { cluster, nodes, versions, plan, slices, birds: file.fabric.birds, findings };
}

/** Addresses of machines beside the cluster whose BIRDs run with what the file tells. */
function playedPeers({ fabric: { hosts, birds } }: NodesFile): ReadonlySet<string> {
  const own = hosts.filter(({ name }) => birds.has(name));
  return new Set(
    own.flatMap(({ interfaces }) =>
      [...interfaces.values()].flatMap(({ addresses }) => addresses.map(({ address }) => formatAddress(address))),
    ),
  );
}

function withTunnels(cluster: Cluster, plan: AddressPlan): Cluster["nodes"] {
  return new Map(
    [...cluster.nodes].map(([name, node]) => [name, { ...node, tunnels: plan.tunnels.get(name) ?? node.tunnels }]),
  );
}

function withAddresses(cluster: Cluster, plan: AddressPlan): ReadonlyMap<string, Pod> {
  const pods = new Map<string, Pod>();
  for (const [key, pod] of cluster.pods) {
    const addresses = addressesOf(key, pod, cluster, plan);
    pods.set(key, addresses === null ? pod : { ...pod, podIPs: addresses });
  }
  return pods;
}

/** Null: as the pod has them already. */
function addressesOf(key: string, pod: Pod, cluster: Cluster, plan: AddressPlan): readonly Address[] | null {
  if (hasFinished(pod)) return null;
  if (pod.hostNetwork === true) return cluster.nodes.get(pod.nodeName ?? "")?.internalIPs ?? null;
  return plan.pods.get(key) ?? null;
}

/** Where pods run that ask for what the scheduler does not look at is a guess. */
function placementAssumed(roughly: readonly RoughlyPlaced[], origins: OriginTable): Finding | null {
  const [first, ...more] = roughly;
  if (first === undefined) return null;
  const { kind, namespace, name, origin } = first.metadata;
  const what = [...new Set(roughly.flatMap(({ notLookedAt }) => notLookedAt))].join(", ");
  const others = more.length === 0 ? "" : ` and of ${more.length} more objects`;
  return findingAt(origins, origin, {
    code: "placement-assumed",
    severity: "info",
    message: `Where the pods of ${describeResource(kind, namespace, name)}${others} run is taken without a part of what they ask for: ${what}.`,
    advice: "Where it matters, give the Pods with their spec.nodeName.",
  });
}

const HINTS = ["service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints"];

/**
 * With topology-mode Auto the EndpointSlice controller gives hints in proportion to the processors of the zones
 * (staging/src/k8s.io/endpointslice/topologycache), which no manifest tells.
 */
function hintsUnknown(cluster: Cluster, origins: OriginTable): Finding | null {
  const asking = [...cluster.services.values()].filter(({ metadata }) =>
    HINTS.some((key) => metadata.annotations.get(key)?.toLowerCase() === "auto"),
  );
  if (asking.length === 0) return null;
  const zones = new Set(
    [...cluster.nodes.values()].flatMap(({ metadata }) => metadata.labels.get("topology.kubernetes.io/zone") ?? []),
  );
  const declared = new Set(
    [...cluster.endpointSlices.values()].map(
      ({ metadata, service }) => `${metadata.namespace ?? "default"}/${service}`,
    ),
  );
  const [first, ...more] = asking.filter(
    ({ metadata, trafficDistribution }) =>
      trafficDistribution === null && !declared.has(`${metadata.namespace ?? "default"}/${metadata.name}`),
  );
  if (first === undefined || zones.size < 2) return null;
  const { namespace, name, origin } = first.metadata;
  const others = more.length === 0 ? "" : ` and ${more.length} more`;
  return findingAt(origins, origin, {
    code: "topology-hints-unknown",
    severity: "info",
    message: `${describeResource("Service", namespace, name)}${others}: which endpoints the zones are given follows from the processors of the nodes, which no manifest tells; all endpoints are used.`,
    advice: "Give the EndpointSlices, with their hints.",
  });
}

function unschedulable({ metadata, refusals, missing, wanted }: Unplaced, origins: OriginTable): Finding {
  const nodes = [...refusals.values()].reduce((sum, count) => sum + count, 0);
  const which = missing === wanted ? "the pods" : `${missing} of the ${wanted} pods`;
  const why = [...refusals].map(([reason, count]) => `${count} of ${nodes} for ${reason}`);
  return findingAt(origins, metadata.origin, {
    code: "unschedulable-pod",
    severity: "error",
    message: `No node may run ${which} of ${describeResource(metadata.kind, metadata.namespace, metadata.name)}${why.length === 0 ? ": there is no node" : `: refused ${why.join(", ")}`}.`,
    advice:
      "Correct its nodeSelector, affinity, tolerations or requests, or the nodes' labels, taints and allocatable.",
  });
}

const NAMELESS: Omit<Metadata, "kind" | "apiVersion"> = {
  namespace: null,
  name: "",
  labels: new Map(),
  annotations: new Map(),
  origin: NO_ORIGIN,
};

function defaultPools(cluster: Cluster, findings: Finding[]): ReadonlyMap<string, IPPool> {
  const { podSubnets } = cluster.settings;
  if (cluster.environment !== null)
    return new Map(
      poolsOfEnvironment(cluster.environment, podSubnets, POD_SUBNET).map((pool) => [pool.metadata.name, pool]),
    );
  const cidrs: readonly Prefix[] = podSubnets.length > 0 ? podSubnets : [POD_SUBNET];
  const ipPools = cidrs.map((cidr) => ({
    cidr: formatPrefix(cidr),
    encapsulation: cidr.address.family === 4 ? "IPIP" : "None",
  }));
  const metadata = { ...NAMELESS, kind: "IPPool", apiVersion: "projectcalico.org/v3" };
  const pools = poolsOfInstallation(topField({ spec: { calicoNetwork: { ipPools } } }), metadata);
  findings.push({
    code: "pool-assumed",
    severity: "warning",
    message: `No IPPool and no Installation gives a pool: the one that calico/node makes by itself is assumed, ${cidrs.map(formatPrefix).join(" and ")} with IPIP.`,
    advice: "Add the IPPool or the Installation.",
  });
  return new Map(pools.map((pool) => [pool.metadata.name, pool]));
}
