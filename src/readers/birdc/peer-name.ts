import type { BgpSessionKind } from "../../model/evidence.ts";
import { type Address, parseAddress } from "../../net/address.ts";

export interface PeerName {
  readonly kind: BgpSessionKind;
  readonly peer: Address | null;
  readonly port: number | null;
}

const KINDS: ReadonlyMap<string, BgpSessionKind> = new Map([
  ["Mesh", "mesh"],
  ["Node", "node"],
  ["Global", "global"],
  ["Local_Workload", "local-workload"],
]);

/**
 * What Calico's name of a protocol says: `Mesh_172_16_0_10`, `Node_10_0_0_1_port_178`, `Global_fd00__1` (confd's templates put `_`
 * for each `.` and `:` of the address).
 */
export function readPeerName(name: string): PeerName {
  const [, prefix = "", address = "", port] =
    /^([A-Z][a-z]+(?:_[A-Z][a-z]+)?)_([\da-f_]+?)(?:_port_(\d+))?$/.exec(name) ?? [];
  const kind = KINDS.get(prefix) ?? "other";
  const dotted = /^\d+_\d+_\d+_\d+$/.test(address) ? address.replaceAll("_", ".") : address.replaceAll("_", ":");
  return { kind, peer: address === "" ? null : parseAddress(dotted), port: port === undefined ? null : Number(port) };
}
