import { deriveConnectedRoutes } from "../linux/routing/derive-connected-routes.ts";
import { deriveLocalRoutes } from "../linux/routing/derive-local-routes.ts";
import type { Finding } from "../model/finding.ts";
import type { Interface } from "../model/interface.ts";
import { type FdbEntry, layeredFdb, layeredNeighbours, type Neighbour } from "../model/neighbour.ts";
import { numberOf } from "../model/object-number.ts";
import { once } from "../model/once.ts";
import type { PolicyRule } from "../model/policy-rule.ts";
import { layeredRoutes, type Route } from "../model/route.ts";
import type { Family } from "../net/address.ts";
import type { DeclaredNode } from "./declared-node.ts";
import { type BirdRoutes, birdRoutes } from "./wiring/bird-routes.ts";
import { deviceKey, deviceOfKey } from "./wiring/device-sysctls.ts";
import { felixBlackholes, felixRoutes } from "./wiring/felix-routes.ts";
import { ipipDevice, vxlanInterface } from "./wiring/tunnel-devices.ts";
import { type WiredNode, wiredNode } from "./wiring/wired-node.ts";
import {
  wireguardInterface,
  wireguardRoutes,
  wireguardRules,
  wireguardSysctls,
  wireguardThrows,
} from "./wiring/wireguard.ts";
import type { WiringContext } from "./wiring/wiring-context.ts";
import { type WorkloadDevice, workloadDevices, workloadRoutes, workloadSysctls } from "./wiring/workload-devices.ts";

/** What Felix, the CNI plugin and BIRD add to a machine: without what DeclaredNode already has. */
export interface NodeWiring {
  /** The hosts' ends of pods' veth pairs, tunl0, vxlan.calico, … */
  readonly interfaces: readonly Interface[];
  readonly routes: readonly Route[];
  /** The same without what BIRD has put there, of these families. */
  routesWithoutBird(families: readonly Family[]): readonly Route[];
  /** Besides the kernel's own. */
  readonly policyRules: readonly PolicyRule[];
  readonly neighbours: readonly Neighbour[];
  readonly fdb: readonly FdbEntry[];
  /** Keys with dots, as `sysctl -a` prints them; they replace the machine's. */
  readonly sysctls: ReadonlyMap<string, string>;
  /** One of them, made without those of other devices. */
  sysctlAt(key: string): string | undefined;
  readonly findings: readonly Finding[];
}

const NO_SYSCTLS: ReadonlyMap<string, string> = new Map();

/** Everything of a node that pods and their packets need, as it is once Calico has settled; each part is made when somebody asks for it. */
export function nodeWiring(node: DeclaredNode, context: WiringContext): NodeWiring {
  const wired = wiredNode(node, context);
  const devices = once(() => devicesOf(wired));
  const bird = once(() => FAMILIES.map((family) => birdRoutes(wired, family)));
  const routes = once(() => routesOf(wired, devices(), bird()));
  // Felix tells the kernel about the other ends of tunnels: nothing is learnt from packets
  const families = once(() => FAMILIES.filter((family) => devices().vxlan[family] !== null));
  const own = once(() => families().flatMap((family) => context.vteps(family).get(node.name) ?? []));
  const ofNode = once(() => new Map([...globalSysctls(wired), ...wireguardSysctls(wired)]));
  const sysctls = once(() => new Map([...ofNode(), ...workloadSysctls(wired, devices().workloads)]));
  const workloads = once(() => {
    const byDevice = new Map<string, WorkloadDevice[]>();
    for (const one of devices().workloads) {
      const same = byDevice.get(one.device.name);
      if (same === undefined) byDevice.set(one.device.name, [one]);
      else same.push(one);
    }
    return byDevice;
  });
  const ofWorkloads = new Map<string, ReadonlyMap<string, string>>();
  const ofWorkload = (device: string): ReadonlyMap<string, string> => {
    const known = ofWorkloads.get(device);
    if (known !== undefined) return known;
    const own = workloads().get(device);
    const made = own === undefined ? NO_SYSCTLS : new Map(workloadSysctls(wired, own));
    ofWorkloads.set(device, made);
    return made;
  };
  const neighbours = once(() => {
    const without = new Set(own().map(({ neighbour }) => neighbour));
    return layeredNeighbours.list({ shared: context.vtepLists(families()).neighbours, without, own: [] });
  });
  const fdb = once(() => {
    const without = new Set(own().map((entries) => entries.fdb));
    return layeredFdb.list({ shared: context.vtepLists(families()).fdb, without, own: [] });
  });
  return {
    get interfaces() {
      return devices().interfaces;
    },
    get routes() {
      return routes();
    },
    get policyRules() {
      return wireguardRules(wired);
    },
    routesWithoutBird: (families) => {
      const others = FAMILIES.filter((family) => !families.includes(family));
      return routesOf(
        wired,
        devices(),
        others.map((family) => birdRoutes(wired, family)),
      );
    },
    get neighbours() {
      return neighbours();
    },
    get fdb() {
      return fdb();
    },
    get sysctls() {
      return sysctls();
    },
    sysctlAt: (key) => {
      const device = deviceOfKey(key);
      return (device === null ? undefined : ofWorkload(device).get(key)) ?? ofNode().get(key);
    },
    get findings() {
      return [...devices().findings, ...bird().flatMap(({ findings }) => findings())];
    },
  };
}

const FAMILIES = [4, 6] as const;

/** The devices that Calico makes on a node. */
interface Devices {
  readonly vxlan: Readonly<Record<Family, Interface | null>>;
  readonly workloads: readonly WorkloadDevice[];
  readonly interfaces: readonly Interface[];
  readonly findings: readonly Finding[];
}

function devicesOf(wired: WiredNode): Devices {
  const highest = wired.node.interfaces.reduce((most, { index }) => Math.max(most, index), 1);
  const vxlan4 = vxlanInterface(wired, 4, highest + 2);
  const vxlan6 = vxlanInterface(wired, 6, highest + 3);
  const tunnels = [ipipDevice(wired, highest + 1), vxlan4.device, vxlan6.device].filter((one) => one !== null);
  const workloads = workloadDevices(wired, highest + 4);
  const afterAll = highest + 4 + workloads.length;
  const wireguard = FAMILIES.flatMap((family, i) => wireguardInterface(wired, family, afterAll + i) ?? []);
  return {
    vxlan: { 4: vxlan4.device, 6: vxlan6.device },
    workloads,
    interfaces: [...tunnels, ...workloads.map(({ device }) => device), ...wireguard],
    findings: [...vxlan4.findings, ...vxlan6.findings],
  };
}

function routesOf(wired: WiredNode, { interfaces, workloads }: Devices, bird: readonly BirdRoutes[]): readonly Route[] {
  const { node, context, settings } = wired;
  const remote = [
    ...FAMILIES.map((family) => felixRoutes(wired, family)),
    ...FAMILIES.map((family) => wireguardRoutes(wired, family)),
    ...bird.map((one) => one.remote),
  ];
  const key = `all ${remote.map(numberOf).join(" ")}`;
  const shared = context.remote(key, () =>
    remote.flatMap(({ toNode }) =>
      [...toNode].flatMap(([name, routes]) => routes.map((route) => [name, route] as const)),
    ),
  );
  return layeredRoutes.list({
    own: [
      ...workloadRoutes(wired, workloads),
      ...FAMILIES.flatMap((family) => felixBlackholes(wired, family)),
      ...FAMILIES.flatMap((family) => wireguardThrows(wired, family)),
      ...bird.flatMap(({ blackholes }) => blackholes),
      ...deriveConnectedRoutes(interfaces),
      ...deriveLocalRoutes(interfaces, () => settings.ipv6 && settings.ipForwarding),
    ],
    shared: shared.routes,
    without: new Set(shared.toNode.get(node.name)),
  });
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
