import type { Finding } from "../../model/finding.ts";
import type { Change } from "../../readers/scenario/scenario.ts";
import { changeCluster, notPlayed } from "./apply-change.ts";
import { nobody, type Playing } from "./playing.ts";

/**
 * A pod is made on a node, deleted, or moved: deleted and started anew on another one, with a new address. It runs at once, and nothing
 * else is scheduled in its place.
 */
export function changePod(
  { pod, action, node, labels, line }: Extract<Change, { readonly kind: "pod" }>,
  playing: Playing,
): readonly Finding[] {
  const { declaration, run } = playing;
  const { hosts, endpoints } = run.world.network;
  const pods = [...endpoints.keys()].flatMap((name) => (name.startsWith(POD) ? [name.slice(POD.length)] : []));
  const nodes = [...endpoints.keys()].flatMap((name) => (name.startsWith(NODE) ? [name.slice(NODE.length)] : []));
  if (playing.timeline.declared === null)
    return [notPlayed("Pods cannot be made or removed in dumps.", "network: {cluster: ./FOLDER}")];
  if (action !== "create" && !pods.includes(pod)) return [nobody(pod, pods, "pod")];
  if (action === "create" && (pods.includes(pod) || hosts.has(POD + pod)))
    return [notPlayed(`There is a pod ${pod} already.`, "the name of a new one")];
  if (node !== null && !nodes.includes(node)) return [nobody(node, nodes, "node")];
  const next = {
    ...declaration,
    texts: new Map(declaration.texts),
    deleted: new Set(declaration.deleted),
    placed: new Map(declaration.placed),
  };
  if (action === "delete") next.deleted.add(pod);
  else if (action === "move") next.placed.set(pod, node ?? "");
  else {
    next.deleted.delete(pod);
    next.texts.set(`pod-${line ?? 0}-${pod.replace("/", "-")}.yaml`, manifest(pod, node ?? "", labels));
  }
  return changeCluster(playing, `pod ${pod}`, next);
}

const POD = "pod/";
const NODE = "node/";

function manifest(pod: string, nodeName: string, labels: ReadonlyMap<string, string>): string {
  const [namespace = "", name = ""] = pod.split("/");
  const metadata = { name, namespace, labels: Object.fromEntries(labels) };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata,
    spec: { nodeName, containers: [{ name: "main" }] },
  });
}
