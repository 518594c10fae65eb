/** The minor number of a Kubernetes version, 31 for `v1.31.3`; null for what is none. */
export function minorVersion(version: string): number | null {
  const match = /^v?1\.(\d+)(?:\.|$|[-+])/.exec(version.trim());
  return match === null ? null : Number(match[1]);
}
