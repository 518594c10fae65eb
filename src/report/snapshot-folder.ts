/** Where a snapshot keeps the dumps of a host (INTERFACES section 2). */
export function snapshotFolder(host: { readonly host: string; readonly node: string | null }): string {
  const [kind = "", first = "", second = ""] = host.host.split("/");
  if (kind === "pod" && host.node !== null) return `nodes/${host.node}/netns/${first}_${second}`;
  if (kind === "host") return `hosts/${first}`;
  return `nodes/${host.host}`;
}
