import { birdContext } from "../../../src/calico/bird/bird-context.ts";
import { type BirdFile, birdFilesOf } from "../../../src/calico/bird/bird-files-of.ts";
import { endpointSlicesOf } from "../../../src/kubernetes/endpoint-slices-of.ts";
import { clusterOfTexts, declaredNodes } from "./cluster-of-texts.ts";
import type { PlainResource } from "./resources-arbitrary.ts";

export const RELEASES = ["v3.29.2", "v3.33.0"] as const;

/** The files of every node of a cluster with these resources. */
export function renderedFiles(
  resources: readonly PlainResource[],
  calico: string,
): ReadonlyMap<string, ReadonlyMap<BirdFile, string>> {
  const cluster = clusterOfTexts([{ name: "all", text: resources.map((one) => JSON.stringify(one)).join("\n---\n") }]);
  const context = birdContext(cluster, declaredNodes(cluster), {
    calico,
    slices: endpointSlicesOf(cluster),
    blocks: null,
    routerId: "hash",
  });
  return new Map([...context.nodes.keys()].map((name) => [name, birdFilesOf(name, context) ?? new Map()]));
}
