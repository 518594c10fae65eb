/**
 * Settings that change what becomes of packets and that no answer takes into account, with the kernel's own values, which every answer
 * goes by. By the last component of the key; all of them are below `net` (Documentation/networking/ip-sysctl.rst). Settings that change
 * nothing of what packets meet (buffers, timers of closed connections, logs) are not here, nor those that podpath models.
 */
const UNMODELLED: ReadonlyMap<string, string> = new Map([
  ["bridge-nf-filter-vlan-tagged", "0"],
  ["rpl_seg_enabled", "0"],
]);

/**
 * What every answer goes by instead of this value of a sysctl, in words, where it is a setting that podpath does not model and the value may
 * make a difference; else null.
 *
 * @param key in the form of Host.sysctls
 */
export function takenInstead(key: string, value: string): string | null {
  const usual = UNMODELLED.get(key.slice(key.lastIndexOf(".") + 1));
  return usual === undefined || value === usual || !key.startsWith("net.") ? null : `as if it were ${usual}`;
}
