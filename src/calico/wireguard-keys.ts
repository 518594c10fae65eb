import type { Family } from "../net/address.ts";
import type { Cluster } from "./cluster.ts";

const ANNOTATION: Readonly<Record<Family, string>> = {
  4: "projectcalico.org/WireguardPublicKey",
  6: "projectcalico.org/WireguardPublicKeyV6",
};

function told(cluster: Cluster, node: string, family: Family): string | null {
  const written =
    cluster.calicoNodes.get(node)?.wireguardKeys[family] ??
    cluster.nodes.get(node)?.metadata.annotations.get(ANNOTATION[family]);
  return written === undefined || written === "" ? null : written;
}

const known = new WeakMap<Cluster, Map<Family, boolean>>();

/** Whether a node tells its key: then those that tell none have published none. */
export function tellsKeys(cluster: Cluster, family: Family): boolean {
  const answers = known.get(cluster) ?? new Map<Family, boolean>();
  known.set(cluster, answers);
  const answer = answers.get(family) ?? someTell(cluster, family);
  answers.set(family, answer);
  return answer;
}

function someTell(cluster: Cluster, family: Family): boolean {
  for (const names of [cluster.calicoNodes.keys(), cluster.nodes.keys()])
    for (const name of names) if (told(cluster, name, family) !== null) return true;
  return false;
}

/**
 * The public key that a node has published; null: none, and its packets go in clear. Felix makes the key and writes it to the node
 * when it starts: where no node of the cluster tells one, each is taken to have done so.
 */
export function wireguardKey(cluster: Cluster, node: string, family: Family): string | null {
  return told(cluster, node, family) ?? (tellsKeys(cluster, family) ? null : `(key of ${node})`);
}
