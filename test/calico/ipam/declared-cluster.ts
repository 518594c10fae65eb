import type { Cluster } from "../../../src/calico/cluster.ts";
import type { DeclaredNode } from "../../../src/calico/declared-node.ts";
import type { AddressPlan } from "../../../src/calico/ipam/address-plan.ts";
import { assignAddresses } from "../../../src/calico/ipam/assign-addresses.ts";
import { formatFinding } from "../../../src/model/finding.ts";
import { originTable } from "../../../src/model/origin.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { formatPrefix } from "../../../src/net/prefix.ts";
import { buildCluster } from "../../../src/readers/resources/build-cluster.ts";
import { readResources } from "../../../src/readers/resources/read-resources.ts";
import { declaredNode } from "../felix/declared-node-fixture.ts";

/** A cluster of manifests that are all understood. */
export function clusterOf(text: string): Cluster {
  const origins = originTable();
  const { resources, findings } = readResources(text, "cluster.yaml", origins);
  const built = buildCluster(resources);
  const all = [...findings, ...built.findings];
  if (all.length > 0) throw new Error(all.map(formatFinding).join("\n"));
  return built.cluster;
}

export function pool(name: string, cidr: string, more = ""): string {
  return `---\napiVersion: crd.projectcalico.org/v1\nkind: IPPool\nmetadata: {name: ${name}}\nspec: {cidr: "${cidr}"${more === "" ? "" : `, ${more}`}}\n`;
}

export function pod(key: string, node: string, annotations: Readonly<Record<string, string>> = {}): string {
  const [namespace, name] = key.split("/");
  return `---\napiVersion: v1\nkind: Pod\nmetadata: {namespace: ${namespace}, name: ${name}, annotations: ${JSON.stringify(annotations)}}\nspec: {nodeName: ${node}}\n`;
}

export function nodesNamed(...names: readonly string[]): readonly DeclaredNode[] {
  return names.map((name) => declaredNode(name));
}

/** The plan of a cluster of manifests; v3.29.2 unless told. */
export function planOf(text: string, nodes: readonly DeclaredNode[], calico = "v3.29.2"): AddressPlan {
  return assignAddresses(clusterOf(text), nodes, { calico, kubernetes: "v1.31.3" }, originTable());
}

/** `shop/web 192.168.1.2 fd00::2`. */
export function podLines(plan: AddressPlan): readonly string[] {
  return [...plan.pods].map(([key, addresses]) => [key, ...addresses.map(formatAddress)].join(" "));
}

/** `192.168.166.128/26 node1 3`: the block, its owner, how many addresses are given. */
export function blockLines(plan: AddressPlan): readonly string[] {
  return plan.blocks.map(
    ({ cidr, affinity, allocations }) =>
      `${formatPrefix(cidr)} ${affinity?.name ?? "-"} ${allocations.filter((given) => given !== null).length}`,
  );
}

export function messages(plan: AddressPlan): readonly string[] {
  return plan.findings.map(({ message }) => message);
}
