import type { CommandExample } from "./example.ts";

/** Two nodes and a pool: a cluster of manifests. A file with the same name takes the place of one of these. */
const FILES: Readonly<Record<string, string>> = {
  "nodes.yaml":
    "apiVersion: podpath/v1\nkind: ClusterNodes\nversions: {calico: v3.29.2, kubernetes: v1.31.3}\ndefaults: {gateway: 172.16.0.1}\nnodes: {n1: {addresses: [172.16.0.11/24]}, n2: {addresses: [172.16.0.12/24]}}\n",
  "pool.yaml":
    "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: default-ipv4-ippool}\nspec: {cidr: 192.168.0.0/16, natOutgoing: true}\n",
};

/** A folder `shop` of manifests; only what the caller gives is shown. The empty text leaves a file out. */
export function clusterFolder(files: Readonly<Record<string, string>>, run: readonly string[]): CommandExample {
  const inFolder = (some: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(some).flatMap(([name, text]) => (text === "" ? [] : [[`shop/${name}`, text]])));
  const beside = Object.fromEntries(Object.entries(FILES).filter(([name]) => files[name] === undefined));
  return { files: inFolder(files), beside: inFolder(beside), run };
}
