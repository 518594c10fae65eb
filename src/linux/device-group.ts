import type { Interface } from "../model/interface.ts";
import { parseMarkMask } from "./netfilter/mark-value.ts";

/**
 * Whether a device is in the group, given as `value[/mask]` or as a name of /etc/iproute2/group; null where its dump or the
 * names of groups do not tell.
 */
export function isInGroup(wanted: string, { group = "0" }: Interface): boolean | null {
  if (group === wanted) return true;
  const test = parseMarkMask(wanted);
  const number = parseMarkMask(group ?? "");
  if (test === null || number === null) return null;
  return (number.value & test.mask) >>> 0 === test.value;
}
