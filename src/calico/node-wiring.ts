import { deriveConnectedRoutes } from "../linux/routing/derive-connected-routes.ts";
import { deriveLocalRoutes } from "../linux/routing/derive-local-routes.ts";
import type { Finding } from "../model/finding.ts";
import type { Interface } from "../model/interface.ts";
import type { FdbEntry, Neighbour } from "../model/neighbour.ts";
import type { Route } from "../model/route.ts";
import type { DeclaredNode } from "./declared-node.ts";
import { birdRoutes } from "./wiring/bird-routes.ts";
import { deviceKey } from "./wiring/device-sysctls.ts";
import { felixRoutes } from "./wiring/felix-routes.ts";
import { ipipDevice, vxlanInterface, vxlanPeers } from "./wiring/tunnel-devices.ts";
import { type WiredNode, wiredNode } from "./wiring/wired-node.ts";
import type { WiringContext } from "./wiring/wiring-context.ts";
import { workloadDevices, workloadRoutes, workloadSysctls } from "./wiring/workload-devices.ts";

/** What Felix, the CNI plugin and BIRD add to a machine: without what DeclaredNode already has. */
export interface NodeWiring {
  /** The hosts' ends of pods' veth pairs, tunl0, vxlan.calico, … */
  readonly interfaces: readonly Interface[];
  readonly routes: readonly Route[];
  readonly neighbours: readonly Neighbour[];
  readonly fdb: readonly FdbEntry[];
  /** Keys with dots, as `sysctl -a` prints them; they replace the machine's. */
  readonly sysctls: ReadonlyMap<string, string>;
  readonly findings: readonly Finding[];
}

/** Everything of a node that pods and their packets need, as it is once Calico has settled. */
export function nodeWiring(node: DeclaredNode, context: WiringContext): NodeWiring {
  const wired = wiredNode(node, context);
  const highest = node.interfaces.reduce((most, { index }) => Math.max(most, index), 1);
  const vxlan4 = vxlanInterface(wired, 4, highest + 2);
  const vxlan6 = vxlanInterface(wired, 6, highest + 3);
  const tunnels = [ipipDevice(wired, highest + 1), vxlan4.device, vxlan6.device].filter((one) => one !== null);
  const workloads = workloadDevices(wired, highest + 4);
  const interfaces = [...tunnels, ...workloads.map(({ device }) => device)];
  const bird = ([4, 6] as const).map((family) => birdRoutes(wired, family));
  const peers = ([4, 6] as const)
    .filter((family) => (family === 4 ? vxlan4 : vxlan6).device !== null)
    .map((family) => vxlanPeers(wired, family));
  return {
    interfaces,
    routes: [
      ...workloadRoutes(wired, workloads),
      ...felixRoutes(wired, 4),
      ...felixRoutes(wired, 6),
      ...bird.flatMap(({ routes }) => routes),
      ...deriveConnectedRoutes(interfaces),
      ...deriveLocalRoutes(interfaces, () => wired.settings.ipv6 && wired.settings.ipForwarding),
    ],
    neighbours: peers.flatMap(({ neighbours }) => neighbours),
    fdb: peers.flatMap(({ fdb }) => fdb),
    sysctls: new Map([...globalSysctls(wired), ...workloadSysctls(wired, workloads)]),
    findings: [...vxlan4.findings, ...vxlan6.findings, ...bird.flatMap(({ findings }) => findings)],
  };
}

/** Felix turns the machine into a router (FelixConfiguration.spec.ipForwarding, since v3.29); the kernel tells all devices. */
function globalSysctls({ node, settings }: WiredNode): readonly (readonly [string, string])[] {
  if (!settings.ipForwarding) return [];
  const families = settings.ipv6 ? ([4, 6] as const) : ([4] as const);
  const devices = ["all", "default", ...node.interfaces.map(({ name }) => name)];
  return [
    ["net.ipv4.ip_forward", "1"],
    ...families.flatMap((family) => devices.map((device) => [deviceKey(family, device, "forwarding"), "1"] as const)),
  ];
}
