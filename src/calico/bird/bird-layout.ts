/**
 * How confd writes: until v3.31 each session stands behind a comment that names it, v3.32 and newer write one list of sessions, and carry
 * the priority of routes in bgp_local_pref.
 */
export type BirdLayout = "commented" | "flat";

/** The releases whose rendering was compared with upstream's expectations. */
const COMPARED: readonly RegExp[] = [/^v?3\.29\./, /^v?3\.33\b/];

/** The layout of a release such as `v3.29.2`; a text that is no release counts as v3.29. */
export function birdLayoutOf(version: string): { readonly layout: BirdLayout; readonly isCompared: boolean } {
  const [, major = "3", minor = "29"] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  const isFlat = Number(major) > 3 || Number(minor) >= 32;
  return { layout: isFlat ? "flat" : "commented", isCompared: COMPARED.some((one) => one.test(version)) };
}
