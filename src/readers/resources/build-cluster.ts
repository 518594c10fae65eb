import { readBGPConfiguration } from "../../calico/bgp-configuration.ts";
import { readBGPFilter } from "../../calico/bgp-filter.ts";
import { readBGPPeer } from "../../calico/bgp-peer.ts";
import { readBlockAffinity } from "../../calico/block-affinity.ts";
import { readCalicoNode } from "../../calico/calico-node.ts";
import { calicoNodeEnvironment, FELIX_ENVIRONMENT, felixOfEnvironment } from "../../calico/calico-node-environment.ts";
import type { Cluster, OtherResource } from "../../calico/cluster.ts";
import { poolsOfInstallation } from "../../calico/installation.ts";
import { type IPPool, readIPPool } from "../../calico/ip-pool.ts";
import { type IPReservation, readIPReservation } from "../../calico/ipam/ip-reservation.ts";
import type { IPAMBlock } from "../../calico/ipam/ipam-block.ts";
import { type IPAMConfig, readIPAMConfig } from "../../calico/ipam/ipam-config.ts";
import { type IPAMHandle, readIPAMHandle } from "../../calico/ipam/ipam-handle.ts";
import { readIPAMBlock } from "../../calico/ipam/read-ipam-block.ts";
import { noPolicyResources } from "../../calico/policy-resources.ts";
import { readWorkloadEndpoint } from "../../calico/workload-endpoint.ts";
import { readEndpointSlice } from "../../kubernetes/endpoint-slice.ts";
import { readEndpoints } from "../../kubernetes/endpoints.ts";
import {
  type FieldPath,
  type FieldProblem,
  formatFieldPath,
  ownValue,
  type SharedTexts,
  topField,
} from "../../kubernetes/field.ts";
import { describeResource, type Metadata } from "../../kubernetes/metadata.ts";
import { readKubernetesNode } from "../../kubernetes/node.ts";
import { readPod } from "../../kubernetes/pod.ts";
import { readSecret } from "../../kubernetes/secret.ts";
import { readService } from "../../kubernetes/service.ts";
import { checkObject } from "../../kubernetes/validation/check-object.ts";
import {
  CONTROLLER_KINDS,
  groupsOf,
  readWorkloadController,
  type WorkloadController,
} from "../../kubernetes/workloads/workload-controller.ts";
import type { Finding } from "../../model/finding.ts";
import { formatPrefix } from "../../net/prefix.ts";
import { isConfiguration, readClusterSettings } from "./cluster-settings.ts";
import { policyShelves } from "./policy-shelves.ts";
import type { Resource } from "./read-resources.ts";
import type { SchemaJudge } from "./schema-judge.ts";
import { CALICO, type Shelf, shelf } from "./shelf.ts";

/** So many wrong fields are told one by one; the rest is counted. */
const TOLD = 100;

/**
 * Sorts resources into the kinds podpath reads; everything else is kept as written. Fields of a wrong type become
 * findings and count as absent. An object that occurs twice counts once.
 *
 * @param judge what an API server would refuse; without one nothing is said of that, nor of unknown fields: objects that came out of
 * an API server have been through it
 */
export function buildCluster(
  resources: readonly Resource[],
  judge: SchemaJudge | null = null,
): {
  readonly cluster: Cluster;
  readonly findings: readonly Finding[];
} {
  const findings: Finding[] = [];
  const cluster = {
    nodes: new Map<string, ReturnType<typeof readKubernetesNode>>(),
    calicoNodes: new Map<string, ReturnType<typeof readCalicoNode>>(),
    pods: new Map<string, ReturnType<typeof readPod>>(),
    services: new Map<string, ReturnType<typeof readService>>(),
    endpointSlices: new Map<string, ReturnType<typeof readEndpointSlice>>(),
    endpoints: new Map<string, ReturnType<typeof readEndpoints>>(),
    workloadEndpoints: new Map<string, ReturnType<typeof readWorkloadEndpoint>>(),
    ipPools: new Map<string, NonNullable<ReturnType<typeof readIPPool>>>(),
    bgpConfigurations: new Map<string, ReturnType<typeof readBGPConfiguration>>(),
    bgpPeers: new Map<string, ReturnType<typeof readBGPPeer>>(),
    bgpFilters: new Map<string, ReturnType<typeof readBGPFilter>>(),
    blockAffinities: new Map<string, NonNullable<ReturnType<typeof readBlockAffinity>>>(),
    secrets: new Map<string, ReturnType<typeof readSecret>>(),
    controllers: new Map<string, WorkloadController>(),
    ipamBlocks: new Map<string, IPAMBlock>(),
    ipamConfigs: new Map<string, IPAMConfig>(),
    ipReservations: new Map<string, IPReservation>(),
    ipamHandles: new Map<string, IPAMHandle>(),
    others: new Map<string, OtherResource>(),
  };
  const policy = noPolicyResources();
  const labelsOfPods: SharedTexts = new Map();
  const shelves: readonly Shelf[] = [
    shelf("Node", [""], false, cluster.nodes, readKubernetesNode),
    shelf("Node", CALICO, false, cluster.calicoNodes, readCalicoNode),
    shelf("Pod", [""], true, cluster.pods, (field, origin, untold) => readPod(field, origin, untold, labelsOfPods)),
    shelf("Service", [""], true, cluster.services, readService),
    shelf("EndpointSlice", ["discovery.k8s.io"], true, cluster.endpointSlices, readEndpointSlice),
    shelf("Endpoints", [""], true, cluster.endpoints, readEndpoints),
    shelf("WorkloadEndpoint", CALICO, true, cluster.workloadEndpoints, readWorkloadEndpoint),
    shelf("IPPool", CALICO, false, cluster.ipPools, readIPPool),
    shelf("BGPConfiguration", CALICO, false, cluster.bgpConfigurations, readBGPConfiguration),
    shelf("BGPPeer", CALICO, false, cluster.bgpPeers, readBGPPeer),
    shelf("BGPFilter", CALICO, false, cluster.bgpFilters, readBGPFilter),
    shelf("BlockAffinity", CALICO, false, cluster.blockAffinities, readBlockAffinity),
    shelf("Secret", [""], true, cluster.secrets, readSecret),
    ...CONTROLLER_KINDS.map((kind): Shelf => {
      const read = readWorkloadController(kind);
      return {
        kind,
        groups: groupsOf(kind),
        namespaced: true,
        strict: false,
        put: (key, field, origin) => cluster.controllers.set(`${kind} ${key}`, read(field, origin)),
      };
    }),
    shelf("IPAMBlock", CALICO, false, cluster.ipamBlocks, readIPAMBlock),
    shelf("IPAMConfig", CALICO, false, cluster.ipamConfigs, readIPAMConfig),
    shelf("IPAMConfiguration", CALICO, false, cluster.ipamConfigs, readIPAMConfig),
    shelf("IPReservation", CALICO, false, cluster.ipReservations, readIPReservation),
    shelf("IPAMHandle", CALICO, false, cluster.ipamHandles, readIPAMHandle),
    ...policyShelves(policy),
  ];

  const leftOut =
    judge === null ? "The field was left out." : "The API refuses such an object; here the field was left out.";
  const seen = new Map<string, Resource>();
  const wantedPools: { readonly pool: IPPool; readonly by: string }[] = [];
  let wrong = 0;
  for (const resource of wholeFirst(resources)) {
    const { metadata } = resource;
    const group = groupOf(metadata);
    const found = shelves.find((one) => one.kind === metadata.kind && one.groups.includes(group));
    const namespace = found?.namespaced ? (metadata.namespace ?? "default") : metadata.namespace;
    const key = namespace === null || found?.namespaced === false ? metadata.name : `${namespace}/${metadata.name}`;
    const family = found === undefined ? group : (found.groups[0] ?? "");
    const identity = `${metadata.kind}${family === "" ? "" : `.${family}`} ${key}`;
    const earlier = seen.get(identity);
    if (earlier !== undefined) {
      // a row of a table tells nothing that the whole object does not
      if (resource.untold.size > 0) continue;
      const difference = repeated(earlier, resource);
      if (difference !== null) findings.push(difference);
      continue;
    }
    const field = topField(resource.content);
    const isJudged = judge !== null && resource.untold.size === 0 && !isConfiguration(metadata.kind);
    if (isJudged) checkObject(group, metadata.kind, field);
    const isRefused = field.problems.length > 0;
    // a refused object leaves an earlier one of its name as it is
    if (!isRefused) seen.set(identity, resource);
    if (isJudged) {
      for (const { path, near } of judge(metadata.apiVersion, metadata.kind, field)) {
        if (++wrong <= TOLD) findings.push(unknownField(resource, namespace, path, near));
      }
    }
    if (isRefused) {
      // what else is wrong with it is told below
    } else if (found === undefined) {
      cluster.others.set(identity, { metadata, content: resource.content });
      if (metadata.kind === "Installation" && metadata.apiVersion.startsWith("operator.tigera.io/"))
        for (const pool of poolsOfInstallation(field, metadata)) wantedPools.push({ pool, by: metadata.name });
    } else found.put(key, field, metadata.origin, resource.untold);
    const isStrict = isRefused || found?.strict === true;
    for (const { problem, place } of inOrder(field.problems, resource)) {
      if (++wrong > TOLD) break;
      findings.push({
        code: isStrict ? "refused-resource" : "wrong-field",
        severity: "error",
        message: `${describeResource(metadata.kind, namespace, metadata.name)}: ${formatFieldPath(problem.path)} is ${problem.found}.`,
        file: resource.file,
        ...(place === null ? {} : { line: place.line, column: place.column + (problem.column ?? 1) - 1 }),
        expected: problem.expected,
        advice: isStrict ? "The whole object has no effect until this is right." : leftOut,
      });
    }
  }
  if (wrong > TOLD) {
    findings.push({
      code: "wrong-field",
      severity: "error",
      message: "More fields of resources are not of the type they should be.",
      advice: `Only the first ${TOLD} were told.`,
    });
  }
  // After the IPPools, which the operator has made of them.
  for (const { pool, by } of wantedPools) {
    const isThere = [...cluster.ipPools.values()].some((other) => formatPrefix(other.cidr) === formatPrefix(pool.cidr));
    if (!isThere) cluster.ipPools.set(`${pool.metadata.name} of Installation ${by}`, pool);
  }
  const environment = calicoNodeEnvironment(resources);
  if (environment !== null) policy.felixConfigurations.set(FELIX_ENVIRONMENT, felixOfEnvironment(environment));
  const { settings, findings: about } = readClusterSettings(resources, judge);
  return { cluster: { ...cluster, policy, settings, environment }, findings: [...findings, ...about] };
}

/** Problems as they stand in the file; where nobody can tell, as they were met. */
function inOrder(problems: readonly FieldProblem[], resource: Resource) {
  const placed = problems.slice(0, TOLD).map((problem) => ({ problem, place: resource.locate(problem.path) }));
  return placed.sort(({ place: x }, { place: y }) =>
    x === null || y === null ? 0 : x.line - y.line || x.column - y.column,
  );
}

function unknownField(resource: Resource, namespace: string | null, path: FieldPath, near: string | null): Finding {
  const { kind, name } = resource.metadata;
  const place = resource.locate(path, "key");
  return {
    code: "unknown-field",
    severity: near === null ? "warning" : "error",
    message: `${describeResource(kind, namespace, name)}: there is no field ${formatFieldPath(path)}; it has no effect.`,
    file: resource.file,
    ...(place === null ? {} : { line: place.line, column: place.column }),
    advice:
      near === null
        ? "kubectl apply and calicoctl refuse the object."
        : near === path.at(-1)
          ? "Other releases have it; kubectl apply and calicoctl of this one refuse the object."
          : `Did you mean ${near}?`,
  };
}

/** Objects that were given whole, then rows of tables, those that tell more first. */
function wholeFirst(resources: readonly Resource[]): readonly Resource[] {
  if (resources.every(({ untold }) => untold.size === 0)) return resources;
  return [...resources].sort((x, y) => x.untold.size - y.untold.size);
}

function groupOf(metadata: Metadata): string {
  const slash = metadata.apiVersion.indexOf("/");
  return slash < 0 ? "" : metadata.apiVersion.slice(0, slash);
}

/** The same object from two commands is normal; two states of it are worth a word. */
function repeated(first: Resource, second: Resource): Finding | null {
  const state = (resource: Resource): string =>
    JSON.stringify([ownValue(resource.content, "spec"), ownValue(resource.content, "status")]);
  if (state(first) === state(second)) return null;
  const { kind, namespace, name } = second.metadata;
  const place = first.locate([]);
  const line = second.locate([])?.line;
  return {
    code: "resource-twice",
    severity: "warning",
    message: `${describeResource(kind, namespace, name)} occurs twice and differs; the one in ${first.file}${place === null ? "" : `:${place.line}`} counts.`,
    file: second.file,
    ...(line === undefined ? {} : { line }),
    advice: "Remove the older one.",
  };
}
