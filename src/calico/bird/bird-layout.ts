/**
 * How confd writes: until v3.31 each session stands behind a comment that names it, v3.32 and newer write one list of sessions, and carry
 * the priority of routes in bgp_local_pref.
 */
export type BirdLayout = "commented" | "flat";

/**
 * The layout of a release such as `v3.29.2`; a text that is no release counts as v3.29. Upstream's expectations are at hand for v3.29 and v3.33-dev;
 * the others are rendered like the one of these that they resemble.
 */
export function birdLayoutOf(version: string): BirdLayout {
  const [, major = "3", minor = "29"] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > 3 || Number(minor) >= 32 ? "flat" : "commented";
}
