import type { ClusterVersions, DeclaredNode } from "../../calico/declared-node.ts";
import { at, complain, type Field, isRecord, member, text, topField } from "../../kubernetes/field.ts";
import { parseQuantity, type Resources, readAmounts } from "../../kubernetes/workloads/resource-requests.ts";
import type { Finding } from "../../model/finding.ts";
import type { OriginTable } from "../../model/origin.ts";
import { descriptionReading, tellProblems } from "../fabric/description-reading.ts";
import { type FabricDescription, NO_FABRIC, readFabric, unknownFabricKeys } from "../fabric/fabric.ts";
import { type UnknownKey, unknownKeys } from "../known-keys.ts";
import { noYaml, parseDocument } from "../resources/parse-document.ts";
import { readBirdConfig } from "./read-bird-config.ts";
import { NODE_KEYS, type NodeReading, readNode } from "./read-node.ts";

/** The text of another file of the folder, by its path relative to `nodes.yaml`; null when there is none. */
export type OtherFile = (path: string) => string | null;

/** `nodes.yaml`: what no manifest says. */
export interface NodesFile {
  /** `metadata.name`; null when it has none. */
  readonly name: string | null;
  readonly versions: Partial<ClusterVersions>;
  /** Without what Node objects say of them. */
  readonly nodes: readonly DeclaredNode[];
  /** By node: what its pods may ask for together; none where the file does not tell. */
  readonly allocatable: ReadonlyMap<string, Resources>;
  readonly fabric: FabricDescription;
  readonly findings: readonly Finding[];
}

/** What stands where no `nodes.yaml` does. */
export const NO_NODES_FILE: NodesFile = {
  name: null,
  versions: {},
  nodes: [],
  allocatable: new Map(),
  fabric: NO_FABRIC,
  findings: [],
};

export const NODES_KIND = "ClusterNodes";

/** Reads `nodes.yaml` (docs/reference/nodes-yaml.md). What is wrong in it is a finding with its place, and left out. */
export function readNodesFile(source: string, file: string, origins: OriginTable, other: OtherFile): NodesFile {
  const document = parseDocument(source);
  if (document.kind === "error") {
    return { ...NO_NODES_FILE, findings: [noYaml(document, file)] };
  }
  const top = topField(document.value);
  const reading: NodeReading = { ...descriptionReading(file, source, NODES_KIND, origins), other };
  const unknown: UnknownKey[] = [
    ...unknownKeys(top, ["apiVersion", "kind", "metadata", "versions", "defaults", "nodes", "fabric"]),
    ...unknownKeys(member(top, "metadata"), ["name"]),
    ...unknownKeys(member(top, "versions"), ["calico", "kubernetes"]),
    ...unknownKeys(member(top, "defaults"), NODE_KEYS),
    ...unknownFabricKeys(member(top, "fabric"), true),
  ];
  const version = member(top, "apiVersion");
  if ((text(version) ?? "") !== "podpath/v1") complain(version, "podpath/v1");
  const nodes = readNodes(top, unknown, reading);
  const file_ = {
    name: text(at(top, "metadata", "name")),
    versions: readVersions(member(top, "versions")),
    nodes,
    allocatable: allocatableOf(top),
    fabric: readFabric(member(top, "fabric"), reading, (field) => readBirdConfig(field, unknown, reading)),
  };
  tellProblems(top, unknown, reading);
  return { ...file_, findings: reading.findings };
}

function readNodes(top: Field, unknown: UnknownKey[], reading: NodeReading): readonly DeclaredNode[] {
  const field = member(top, "nodes");
  if (!isRecord(field.value)) {
    complain(field, "a mapping of nodes by name, such as `worker-1: {addresses: [172.16.0.10/24]}`");
    return [];
  }
  const defaults = member(top, "defaults");
  return Object.keys(field.value).map((name) => {
    const node = member(field, name);
    unknown.push(...unknownKeys(node, NODE_KEYS));
    return readNode(name, node, defaults, unknown, reading);
  });
}

/** `allocatable` of each node, else of `defaults`. */
function allocatableOf(top: Field): ReadonlyMap<string, Resources> {
  const nodes = member(top, "nodes");
  const defaults = member(member(top, "defaults"), "allocatable");
  return new Map(
    Object.keys(isRecord(nodes.value) ? nodes.value : {}).flatMap((name) => {
      const own = member(member(nodes, name), "allocatable");
      const field = own.value === undefined ? defaults : own;
      if (field.value === undefined) return [];
      for (const key of Object.keys(isRecord(field.value) ? field.value : {}))
        if (parseQuantity(member(field, key).value) === null)
          complain(member(field, key), "a quantity such as 4, 500m or 8Gi");
      if (!isRecord(field.value)) complain(field, "quantities by resource, such as {cpu: 4, memory: 8Gi, pods: 110}");
      return [[name, readAmounts(field)] as const];
    }),
  );
}

/** `v3.29.2`, also without the `v`. */
function readVersions(field: Field): Partial<ClusterVersions> {
  const read = (key: "calico" | "kubernetes", example: string): Partial<ClusterVersions> => {
    const version = member(field, key);
    const written = text(version);
    if (written === null) return {};
    const found = /^v?(\d+\.\d+(?:\.\d+)?(?:[-+].*)?)$/.exec(written);
    if (found === null) complain(version, `a version such as ${example}`);
    return found === null ? {} : { [key]: `v${found[1]}` };
  };
  return { ...read("calico", "v3.29.2"), ...read("kubernetes", "v1.31.3") };
}
