import type { Finding } from "../../model/finding.ts";
import { splitDocuments } from "../resources/document.ts";
import { type SnapshotFiles, textOf } from "../snapshot/files.ts";

/** True for a text that says that it is a `nodes.yaml`; `kubectl get nodes -o yaml` is none. */
export function isNodesFile(source: string): boolean {
  return /^\s*"?kind"?\s*:\s*["']?ClusterNodes\b/m.test(source);
}

/** What the folder of a snapshot has, and that of manifests has not. */
const SNAPSHOT = /^(?:[^/]+\/)?(?:(?:nodes|hosts)\/[^/]+\/.|snapshot\.ya?ml$)/;

/** A file whose name says that it may be a `nodes.yaml`. */
const NODES_FILE = /(?:^|\/)[^/]*nodes[^/]*\.ya?ml$/;

/** Where no name says so, this many files are looked into. */
const LOOKED_INTO = 100;

/** True for manifests with a `nodes.yaml`, where no machine was dumped. */
export function isClusterFolder(files: SnapshotFiles["files"]): boolean {
  const paths = [...files.keys()];
  if (paths.some((path) => SNAPSHOT.test(path))) return false;
  const written = paths.filter((path) => /\.ya?ml$/i.test(path));
  const named = written.filter((path) => NODES_FILE.test(path));
  return [...named, ...(written.length <= LOOKED_INTO ? written : [])].some((path) => {
    const content = files.get(path);
    const text = content === undefined ? null : textOf(content);
    return typeof text === "string" && isNodesFile(text);
  });
}

/** The documents of a file that are a `nodes.yaml`, and the other ones, each on the lines that it has there; null: there are no others. */
export function partsOfFile(source: string): { readonly nodes: readonly string[]; readonly rest: string | null } {
  if (!isNodesFile(source)) return { nodes: [], rest: source };
  const documents = splitDocuments(source);
  if (documents.length < 2) return { nodes: [source], rest: null };
  const nodes: string[] = [];
  let rest = source;
  for (const { text, firstLine } of documents) {
    if (!isNodesFile(text)) continue;
    nodes.push("\n".repeat(firstLine - 1) + text);
    rest = rest.replace(text, () => text.replace(/[^\n]/g, ""));
  }
  return { nodes, rest: nodes.length === documents.length ? null : rest };
}

/** There is one `nodes.yaml` in a folder. */
export function nodesFileTwice(file: string, text: string, first: string): Finding {
  return {
    code: "resource-twice",
    severity: "error",
    message: `There are two descriptions of the nodes (kind: ClusterNodes); the one in ${first} counts.`,
    file,
    line: /^\s*/.exec(text)?.[0].split("\n").length ?? 1,
    advice: "Make one of them, or take two folders.",
  };
}
