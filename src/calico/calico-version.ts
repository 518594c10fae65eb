/** The minor number of a Calico 3 version, 29 for `v3.29.2`; null for what is none. */
export function calicoMinor(version: string): number | null {
  const match = /^v?3\.(\d{1,4})(?:\.|$|[-+])/.exec(version.trim());
  return match === null ? null : Number(match[1]);
}

/** True from this minor release on; what is no version counts as v3.29. */
export function isCalicoSince(version: string, minor: number): boolean {
  return (calicoMinor(version) ?? 29) >= minor;
}
