import { bgpFindings } from "../../../src/calico/bird/bgp-findings.ts";
import { birdContext } from "../../../src/calico/bird/bird-context.ts";
import { endpointSlicesOf } from "../../../src/kubernetes/endpoint-slices-of.ts";
import type { Finding } from "../../../src/model/finding.ts";
import { originTable } from "../../../src/model/origin.ts";
import { clusterOfTexts, declaredNodes } from "./cluster-of-texts.ts";

/** What is wrong with BGP's resources in a cluster of Calico v3.29.2, or of another release. */
export function findingsOf(
  texts: readonly string[],
  calico = "v3.29.2",
  routerId = "",
  shared: readonly string[] = [],
): readonly Finding[] {
  const origins = originTable();
  const cluster = clusterOfTexts([{ name: "bgp.yaml", text: texts.join("---\n") }], origins);
  const slices = endpointSlicesOf(cluster);
  const context = birdContext(cluster, declaredNodes(cluster), { calico, slices, blocks: null, routerId });
  return bgpFindings(cluster, context, origins, new Set(shared));
}

function resource(kind: string, name: string, spec: readonly string[]): string {
  const lines = ["apiVersion: projectcalico.org/v3", `kind: ${kind}`, "metadata:", `  name: ${name}`, "spec:"];
  return [...lines, ...spec.map((line) => `  ${line}`), ""].join("\n");
}

/** A Calico node with these fields in `spec.bgp`. */
export function node(name: string, ...bgp: readonly string[]): string {
  return resource("Node", name, ["bgp:", ...bgp.map((line) => `  ${line}`)]);
}

export function peer(name: string, ...spec: readonly string[]): string {
  return resource("BGPPeer", name, spec);
}

export function filter(name: string, ...spec: readonly string[]): string {
  return resource("BGPFilter", name, spec);
}
