/** The beginning of a path up to the folder that is a snapshot; null when the path is in none. */
function rootOf(path: string): { readonly root: string; readonly isCertain: boolean } | null {
  const machine = /^(.*?\/)?(?:nodes|hosts)\/[^/]+\/[^/]/.exec(path);
  if (machine !== null) return { root: machine[1] ?? "", isCertain: true };
  const other = /^(.*?\/)?(?:cluster\/.|(?:snapshot\.ya?ml|index\.json)$)/.exec(path);
  return other === null ? null : { root: other[1] ?? "", isCertain: false };
}

/** `node1.tar/`, the folder that an archive beside others stands for. */
const ARCHIVE = /^[^/]+\.(?:tar|tar\.gz|tgz|zip)\//i;

/**
 * True where archives in one folder are parts of one snapshot, as collectors of several nodes write them: no machine and no
 * file of the cluster is in two of them.
 */
function arePartsOfOne(paths: readonly string[], roots: ReadonlySet<string>): boolean {
  if (roots.size < 2 || ![...roots].every((root) => root === "" || ARCHIVE.exec(root)?.[0] === root)) return false;
  const owners = new Map<string, string>();
  for (const path of paths) {
    const root = rootOf(path)?.root;
    if (root === undefined) continue;
    const part = /^(?:(?:nodes|hosts)\/[^/]+|cluster\/(?!index\.json$).+)/.exec(path.slice(root.length))?.[0];
    if (part === undefined) continue;
    if ((owners.get(part) ?? root) !== root) return false;
    owners.set(part, root);
  }
  return true;
}

/** A path without the archive that it is in, where archives are parts of one snapshot. */
export function withoutArchive(path: string): string {
  return path.replace(ARCHIVE, "");
}

/**
 * The folders among these paths that are snapshots, each `""` or ending with `/`: those that hold machines, or where there
 * is none such, those that hold objects or a description. Archives that are parts of one snapshot have the root `""`.
 */
export function snapshotRoots(paths: Iterable<string>): readonly string[] {
  const certain = new Set<string>();
  const likely = new Set<string>();
  const clean = [...paths].map((path) => path.replace(/^(?:\.\/)+/, ""));
  for (const path of clean) {
    const found = rootOf(path);
    if (found !== null) (found.isCertain ? certain : likely).add(found.root);
  }
  if (arePartsOfOne(clean, new Set([...certain, ...likely]))) return [""];
  const roots = [...(certain.size > 0 ? certain : likely)].sort();
  return roots.filter((root) => !roots.some((outer) => outer !== root && root.startsWith(outer)));
}
