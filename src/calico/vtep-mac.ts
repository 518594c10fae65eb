import { sha1 } from "./sha1.ts";

/**
 * The hardware address of a node's VXLAN device where no annotation gives one: `66:` and five bytes of SHA-1 of the
 * node's name (felix/dataplane/linux/vxlan_mgr.go, hardwareAddrForNode).
 */
export function vtepMac(node: string, family: 4 | 6): string {
  const digits = sha1(family === 4 ? node : `${node}-v6`).slice(0, 10);
  return `66:${digits.replace(/..(?!$)/g, "$&:")}`;
}
