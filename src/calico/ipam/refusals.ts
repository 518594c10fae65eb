import { describeResource } from "../../kubernetes/metadata.ts";
import type { Pod } from "../../kubernetes/pod.ts";
import type { Finding } from "../../model/finding.ts";
import { type OriginTable, sourceOf } from "../../model/origin.ts";

/** Who got no address and why, told once for all whom the same befell on a node. */
export interface Refusals {
  pod(pod: Pod, node: string, error: string): void;
  tunnel(node: string, type: string, error: string): void;
  findings(): readonly Finding[];
}

/** So many pods are named in a finding. */
const NAMED = 3;

/** So many nodes are told of for one reason. */
const TOLD = 20;

export function refusals(origins: OriginTable): Refusals {
  /** By reason, then by node. */
  const pods = new Map<string, Map<string, Pod[]>>();
  const tunnels: Finding[] = [];
  return {
    pod: (pod, node, error) => {
      const byNode = pods.get(error) ?? new Map<string, Pod[]>();
      pods.set(error, byNode);
      const present = byNode.get(node);
      if (present === undefined) byNode.set(node, [pod]);
      else present.push(pod);
    },
    tunnel: (node, type, error) => {
      tunnels.push({
        code: "tunnel-gets-no-address",
        severity: "warning",
        message: `${node} gets no address of type ${type}: ${error}.`,
        advice: "calico/node does not become ready there, and the tunnel's device has no address.",
      });
    },
    findings: () => [
      ...[...pods].flatMap(([error, byNode]) => {
        const told = [...byNode].slice(0, TOLD).map(([node, which]) => withoutAddress(origins, node, which, error));
        const rest = [...byNode.values()].slice(TOLD);
        if (rest.length === 0) return told;
        const count = rest.reduce((sum, { length }) => sum + length, 0);
        return [...told, moreWithoutAddress(rest.length, count, error)];
      }),
      ...tunnels,
    ],
  };
}

function withoutAddress(origins: OriginTable, node: string, pods: readonly Pod[], error: string): Finding {
  const [first] = pods;
  const source = first === undefined ? null : sourceOf(origins, first.metadata.origin);
  const names = pods
    .slice(0, NAMED)
    .map(({ metadata }) => describeResource("Pod", metadata.namespace ?? "default", metadata.name));
  const more = pods.length > NAMED ? ` and ${pods.length - NAMED} more` : "";
  const [gets, stays] = pods.length === 1 ? ["gets", "It stays"] : ["get", "They stay"];
  return {
    code: "pod-gets-no-address",
    severity: "warning",
    message: `${names.join(", ")}${more} ${gets} no address on ${node}: ${error}.`,
    ...(source?.file === undefined ? {} : { file: source.file }),
    ...(source?.line === undefined ? {} : { line: source.line }),
    advice: `${stays} in ContainerCreating, and nothing reaches ${pods.length === 1 ? "it" : "them"}.`,
  };
}

function moreWithoutAddress(nodes: number, pods: number, error: string): Finding {
  return {
    code: "pod-gets-no-address",
    severity: "warning",
    message: `${pods} pods on ${nodes} more ${nodes === 1 ? "node" : "nodes"} get no address either: ${error}.`,
    advice: "They stay in ContainerCreating, and nothing reaches them.",
  };
}
