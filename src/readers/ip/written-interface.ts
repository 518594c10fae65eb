/** An interface in the words of the dump, text and JSON alike; null where nothing is said. */
export interface WrittenInterface {
  readonly line: number;
  readonly index: number;
  readonly name: string;
  /** What stands after `@`: a name, `ifN`, `NONE`. */
  readonly peer: string | null;
  /** Null for `ip -o addr`, which prints none. */
  flags: readonly string[] | null;
  mtu: number | null;
  group: string | null;
  master: string | null;
  /** `ether`, `loopback`, `none`, `ipip`, … */
  linkType: string | null;
  mac: string | null;
  netnsId: number | null;
  netnsName: string | null;
  /** Printed with -d, so that an absent kind means a device without one. */
  detailed: boolean;
  /** `vxlan`, `veth`, … as -d prints. */
  kind: string | null;
  /** Options of the kind by the words that the text form uses; flags have an empty value. */
  readonly options: Map<string, string>;
  /** Options of a bridge port (`bridge_slave`); null when the dump tells none. */
  portOptions: Map<string, string> | null;
  readonly addresses: WrittenAddress[];
}

/** An `inet` or `inet6` line. */
export interface WrittenAddress {
  readonly line: number;
  local: string;
  prefixLength: number;
  peer: string | null;
  broadcast: string | null;
  scope: string | null;
  readonly flags: Set<string>;
}

export function writtenInterface(
  line: number,
  index: number,
  name: string,
  peer: string | null,
  flags: readonly string[] | null,
): WrittenInterface {
  return {
    line,
    index,
    name,
    peer,
    flags,
    mtu: null,
    group: null,
    master: null,
    linkType: null,
    mac: null,
    netnsId: null,
    netnsName: null,
    detailed: false,
    kind: null,
    options: new Map(),
    portOptions: null,
    addresses: [],
  };
}
