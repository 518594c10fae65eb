import type { Cluster } from "../../calico/cluster.ts";
import type { Metadata } from "../../kubernetes/metadata.ts";
import { didYouMean } from "../../model/nearest.ts";
import type { ClusterProblem } from "./cluster-problem.ts";

/** Objects that name others which are not there. `declared`: before pods were made of controllers. */
export function referenceProblems(cluster: Cluster, declared: Cluster): readonly ClusterProblem[] {
  return [
    ...podsOnNoNode(cluster, declared),
    ...servicesWithoutPods(cluster, declared),
    ...slicesWithoutService(cluster),
    ...missingNamespaces(cluster, declared),
  ];
}

function podsOnNoNode(cluster: Cluster, declared: Cluster): readonly ClusterProblem[] {
  const problems: ClusterProblem[] = [];
  const names = [...cluster.nodes.keys()];
  const look = (metadata: Metadata, nodeName: string | null, path: ClusterProblem["path"]): void => {
    if (nodeName === null || cluster.nodes.has(nodeName)) return;
    problems.push({
      metadata,
      path,
      code: "dangling-reference",
      severity: "error",
      message: `there is no node ${nodeName}.`,
      advice: didYouMean(nodeName, names, 1) ?? "Add it to nodes.yaml.",
    });
  };
  for (const { metadata, nodeName } of declared.pods.values()) look(metadata, nodeName, ["spec", "nodeName"]);
  for (const { metadata, template } of declared.controllers.values()) {
    look(metadata, template.nodeName, ["spec", "template", "spec", "nodeName"]);
  }
  return problems;
}

function servicesWithoutPods(cluster: Cluster, declared: Cluster): readonly ClusterProblem[] {
  const wanted = [...declared.services.values()].filter(({ selector }) => selector.size > 0);
  if (wanted.length === 0) return [];
  const labelled = new Map<string, ReadonlyMap<string, string>[]>();
  for (const { metadata } of cluster.pods.values()) {
    for (const [key, value] of metadata.labels) {
      const place = `${metadata.namespace ?? "default"} ${key}=${value}`;
      const present = labelled.get(place);
      if (present === undefined) labelled.set(place, [metadata.labels]);
      // pods of one template have one set of labels
      else if (present.at(-1) !== metadata.labels) present.push(metadata.labels);
    }
  }
  return wanted.flatMap(({ metadata, selector }): readonly ClusterProblem[] => {
    const [first] = selector;
    const some =
      first === undefined ? [] : (labelled.get(`${metadata.namespace ?? "default"} ${first[0]}=${first[1]}`) ?? []);
    if (some.some((labels) => [...selector].every(([key, value]) => labels.get(key) === value))) return [];
    return [
      {
        metadata,
        path: ["spec", "selector"],
        code: "dangling-reference",
        severity: "warning",
        message: "no pod of the namespace has these labels: the Service has no endpoints, and refuses connections.",
        advice: "Compare the selector with the labels of the pods' template.",
      },
    ];
  });
}

function slicesWithoutService(cluster: Cluster): readonly ClusterProblem[] {
  return [...cluster.endpointSlices.values()].flatMap(({ metadata, service }): readonly ClusterProblem[] => {
    if (service === null || cluster.services.has(`${metadata.namespace ?? "default"}/${service}`)) return [];
    return [
      {
        metadata,
        path: ["metadata", "labels"],
        code: "dangling-reference",
        severity: "warning",
        message: `there is no Service ${service}: nobody reads it.`,
        advice: "Add the Service, or remove the EndpointSlice.",
      },
    ];
  });
}

/** A namespace that is used and not declared, told once each. */
function missingNamespaces(cluster: Cluster, declared: Cluster): readonly ClusterProblem[] {
  const users = new Map<string, Metadata>();
  const maps = [declared.pods, declared.services, declared.controllers, declared.policy.kubernetesNetworkPolicies];
  for (const map of maps) {
    for (const { metadata } of map.values()) {
      const { namespace } = metadata;
      if (namespace !== null && !cluster.policy.namespaces.has(namespace) && !users.has(namespace))
        users.set(namespace, metadata);
    }
  }
  return [...users].map(([namespace, metadata]) => ({
    metadata,
    path: ["metadata", "namespace"],
    code: "dangling-reference",
    severity: "info",
    message: `there is no Namespace ${namespace} among the files; it is taken to be there, without labels of its own.`,
    advice: "Add the Namespace where a policy's namespaceSelector asks for its labels.",
  }));
}
