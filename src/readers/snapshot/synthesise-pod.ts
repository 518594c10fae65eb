import { addressHash, neighboursAt } from "../../linux/neighbour-index.ts";
import { deriveConnectedRoutes } from "../../linux/routing/derive-connected-routes.ts";
import { deriveLocalRoutes } from "../../linux/routing/derive-local-routes.ts";
import { type Host, type HostPart, host, type Knowledge } from "../../model/host.ts";
import { type Interface, interfaceAddress, networkInterface } from "../../model/interface.ts";
import { defaultPolicyRules } from "../../model/policy-rule.ts";
import { nextHop, type Route, route } from "../../model/route.ts";
import type { ListeningSocket } from "../../model/socket.ts";
import { type Address, ipv4, ipv6, isLinkLocal, sameAddress, unspecified } from "../../net/address.ts";
import { addressBits, hostPrefix } from "../../net/prefix.ts";
import { loopback } from "../fabric/read-interface.ts";
import { assumedSysctls } from "./assumed-sysctls.ts";
import type { DeclaredPort, Workload } from "./workloads.ts";

/** 169.254.1.1, which the host's end answers for by proxy ARP. */
const GATEWAY_4 = ipv4(0xa9fe0101);
/** fe80::ecee:eeff:feee:eeee, the link-local address of every `cali*` device (its MAC is ee:ee:ee:ee:ee:ee). */
const GATEWAY_6 = ipv6(0xfe800000, 0, 0xeceeeeff, 0xfeeeeeee);

const SYNTHESISED: ReadonlyMap<HostPart, Knowledge> = new Map([
  ["rules", "assumed"],
  ["rules6", "assumed"],
  ["otherBackend", "assumed"],
  ["nft", "assumed"],
  ["routes", "assumed"],
  ["routes6", "assumed"],
  ["policyRules", "derived"],
  ["sets", "assumed"],
  ["sysctls", "assumed"],
  ["neighbours", "assumed"],
  ["conntrack", "assumed"],
  ["recentLists", "assumed"],
  ["matchStates", "assumed"],
  ["sockets", "assumed"],
  ["interfaces", "assumed"],
] as const);

/** Thousands of pods have the same: one copy serves them all. */
const POD_SYSCTLS = assumedSysctls("pod", [loopback(), networkInterface({ name: "eth0" })], false);

/** The inside of a pod as Calico's CNI plugin makes it (cni-plugin/pkg/dataplane/linux/dataplane_linux.go). */
export function synthesisePod(
  workload: Workload,
  node: Host,
  veth: Interface | null,
  ports: readonly DeclaredPort[],
): Host {
  const device = networkInterface({
    name: workload.endpoint?.endpoint ?? "eth0",
    kind: "veth",
    index: veth?.peerIndex ?? 0,
    peerIndex: veth?.index ?? 0,
    mac: workload.endpoint?.mac ?? neighbourMac(node, veth, workload.addresses),
    mtu: veth?.mtu ?? 1500,
    up: true,
    carrier: veth?.up ?? true,
    addresses: workload.addresses.map((address) =>
      interfaceAddress({ address, prefixLength: addressBits(address.family), origin: workload.origin }),
    ),
    origin: workload.origin,
  });
  const interfaces = new Map([loopback(), device].map((one) => [one.name, one]));
  return host({
    name: workload.host,
    kind: "pod",
    node: node.name,
    interfaces,
    routes: [
      ...defaultRoutes(device, veth),
      ...deriveConnectedRoutes(interfaces.values()),
      ...deriveLocalRoutes(interfaces.values()),
    ],
    policyRules: [...defaultPolicyRules(4), ...defaultPolicyRules(6)],
    sysctls: device.name === "eth0" ? POD_SYSCTLS : assumedSysctls("pod", interfaces.values(), false),
    sockets: declaredSockets(ports),
    knowledge: SYNTHESISED,
    origin: workload.origin,
  });
}

export function declaredSockets(ports: readonly DeclaredPort[]): readonly ListeningSocket[] {
  return ports.map(({ protocol, port, origin }) => ({
    protocol,
    address: null,
    family: null,
    port,
    interface: null,
    process: null,
    certainty: "declared",
    origin,
  }));
}

function defaultRoutes(device: Interface, veth: Interface | null): readonly Route[] {
  const has = (family: 4 | 6): boolean => device.addresses.some((address) => address.address.family === family);
  const via = (gateway: Address | null): Route["nextHops"] => [nextHop({ interface: device.name, gateway })];
  const routes: Route[] = [];
  if (has(4)) {
    routes.push(
      route({ destination: { address: unspecified(4), length: 0 }, nextHops: via(GATEWAY_4) }),
      route({ destination: hostPrefix(GATEWAY_4), nextHops: via(null), scope: "link" }),
    );
  }
  if (has(6)) {
    const own = veth?.addresses.find((address) => address.address.family === 6 && isLinkLocal(address.address));
    routes.push(
      route({
        destination: { address: unspecified(6), length: 0 },
        nextHops: via(own?.address ?? GATEWAY_6),
        metric: 1024,
      }),
      route({
        destination: { address: ipv6(0xfe800000, 0, 0, 0), length: 64 },
        nextHops: via(null),
        metric: 256,
        protocol: "kernel",
      }),
    );
  }
  return routes;
}

/** The node may remember who answered. */
function neighbourMac(node: Host, veth: Interface | null, addresses: readonly Address[]): string | null {
  if (veth === null) return null;
  const known = addresses.flatMap((address) =>
    neighboursAt(node.neighbours, veth.name, addressHash(address)).filter(
      (entry) => entry.mac !== null && sameAddress(address, entry.address),
    ),
  );
  const [only] = known;
  if (known.length < 2) return only?.mac ?? null;
  return node.neighbours.find((entry) => known.includes(entry))?.mac ?? null;
}
