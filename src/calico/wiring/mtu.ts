import type { Interface } from "../../model/interface.ts";
import type { WiringSettings } from "./wiring-settings.ts";

/** Bytes that a tunnel puts in front of a packet (felix/dataplane/linux/int_dataplane.go). */
const OVERHEAD = { ipip: 20, vxlan: 50, vxlan6: 70, wireguard: 60, wireguard6: 80 } as const;

/** What Felix takes where no device of the machine has a name that it knows: the smallest of common clouds. */
const FALLBACK = 1460;

export interface NodeMTU {
  readonly ipip: number;
  readonly vxlan: Readonly<Record<4 | 6, number>>;
  readonly wireguard: Readonly<Record<4 | 6, number>>;
  /** Of the pods' devices, both ends. */
  readonly pod: number;
}

/**
 * The MTUs that Felix finds out (findHostMTU, ConfigureDefaultMTUs, determinePodMTU) and the CNI plugin reads from
 * /var/lib/calico/mtu. Pods that are older than a change keep theirs; those here are new.
 */
export function nodeMTU(interfaces: readonly Interface[], settings: WiringSettings): NodeMTU {
  let host = 0;
  for (const { name, mtu, up } of interfaces) {
    if (up && settings.mtuInterfacePattern.test(name) && (host === 0 || mtu < host)) host = mtu;
  }
  if (host === 0) host = FALLBACK;
  const ipip = settings.ipipMTU ?? host - OVERHEAD.ipip;
  const vxlan = {
    4: settings.vxlanMTU[4] ?? host - OVERHEAD.vxlan,
    6: settings.vxlanMTU[6] ?? host - OVERHEAD.vxlan6,
  };
  const wireguard = {
    4: settings.wireguard.mtu[4] ?? host - OVERHEAD.wireguard,
    6: settings.wireguard.mtu[6] ?? host - OVERHEAD.wireguard6,
  };
  const tunnels = [
    ...(settings.ipipEnabled ? [ipip] : []),
    ...(settings.vxlanEnabled[4] ? [vxlan[4]] : []),
    ...(settings.vxlanEnabled[6] ? [vxlan[6]] : []),
    ...(settings.wireguard.enabled[4] ? [wireguard[4]] : []),
    ...(settings.wireguard.enabled[6] ? [wireguard[6]] : []),
  ];
  const pod = settings.podMTU ?? (tunnels.length > 0 ? Math.min(...tunnels) : host);
  return { ipip, vxlan, wireguard, pod };
}
