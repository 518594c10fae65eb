/** A setting that changes what becomes of packets, and that no answer takes into account. */
interface Unmodelled {
  /** The kernel's own value. */
  readonly usual: string;
  /** Whether it is a limit, which in every answer nobody meets. */
  readonly isLimit: boolean;
}

const SWITCH: Unmodelled = { usual: "0", isLimit: false };
const FRAGMENTS: Unmodelled = { usual: "4194304", isLimit: true };

/**
 * By the last component of the key; all of them are below `net` (Documentation/networking/ip-sysctl.rst). Settings that change nothing of
 * what packets meet (buffers, timers of closed connections, logs) are not here, nor those that podpath models.
 */
const UNMODELLED: ReadonlyMap<string, Unmodelled> = new Map([
  ["bridge-nf-filter-vlan-tagged", SWITCH],
  ["ip6frag_high_thresh", FRAGMENTS],
  ["ipfrag_high_thresh", FRAGMENTS],
  ["nf_conntrack_frag6_high_thresh", FRAGMENTS],
  ["rpl_seg_enabled", SWITCH],
]);

/**
 * What every answer goes by instead of this value of a sysctl, in words, where it is a setting that podpath does not model and the value may
 * make a difference; else null.
 *
 * @param key in the form of Host.sysctls
 */
export function takenInstead(key: string, value: string): string | null {
  const known = UNMODELLED.get(key.slice(key.lastIndexOf(".") + 1));
  if (known === undefined || value === known.usual || !key.startsWith("net.")) return null;
  if (!known.isLimit) return `as if it were ${known.usual}`;
  return Number(value) >= Number(known.usual) ? null : "as if nothing met that limit";
}
