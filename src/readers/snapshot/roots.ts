/** The beginning of a path up to the folder that is a snapshot; null when the path is in none. */
function rootOf(path: string): { readonly root: string; readonly isCertain: boolean } | null {
  const machine = /^(.*?\/)?(?:nodes|hosts)\/[^/]+\/[^/]/.exec(path);
  if (machine !== null) return { root: machine[1] ?? "", isCertain: true };
  const other = /^(.*?\/)?(?:cluster\/.|(?:snapshot\.ya?ml|index\.json)$)/.exec(path);
  return other === null ? null : { root: other[1] ?? "", isCertain: false };
}

/**
 * The folders among these paths that are snapshots, each `""` or ending with `/`: those that hold machines, or where there
 * is none such, those that hold objects or a description.
 */
export function snapshotRoots(paths: Iterable<string>): readonly string[] {
  const certain = new Set<string>();
  const likely = new Set<string>();
  for (const path of paths) {
    const found = rootOf(path.replace(/^(?:\.\/)+/, ""));
    if (found !== null) (found.isCertain ? certain : likely).add(found.root);
  }
  const roots = [...(certain.size > 0 ? certain : likely)].sort();
  return roots.filter((root) => !roots.some((outer) => outer !== root && root.startsWith(outer)));
}
