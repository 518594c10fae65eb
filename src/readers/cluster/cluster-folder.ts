import { type SnapshotFiles, textOf } from "../snapshot/files.ts";

/** True for a text that says that it is a `nodes.yaml`; `kubectl get nodes -o yaml` is none. */
export function isNodesFile(source: string): boolean {
  return /^\s*"?kind"?\s*:\s*["']?ClusterNodes\b/m.test(source);
}

/** What the folder of a snapshot has, and that of manifests has not. */
const SNAPSHOT = /^(?:[^/]+\/)?(?:(?:nodes|hosts)\/[^/]+\/.|snapshot\.ya?ml$)/;

/** A file whose name says that it may be a `nodes.yaml`: others are not looked into. */
const NODES_FILE = /(?:^|\/)[^/]*nodes[^/]*\.ya?ml$/;

/** True for manifests with a `nodes.yaml`, where no machine was dumped. */
export function isClusterFolder(files: SnapshotFiles["files"]): boolean {
  let found = false;
  for (const [path, content] of files) {
    if (SNAPSHOT.test(path)) return false;
    if (!found && NODES_FILE.test(path)) {
      const text = textOf(content);
      found = typeof text === "string" && isNodesFile(text);
    }
  }
  return found;
}
