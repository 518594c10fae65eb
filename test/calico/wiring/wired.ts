import type { DeclaredNode } from "../../../src/calico/declared-node.ts";
import { type NodeWiring, nodeWiring } from "../../../src/calico/node-wiring.ts";
import { wiringContext } from "../../../src/calico/wiring/wiring-context.ts";
import { deriveConnectedRoutes } from "../../../src/linux/routing/derive-connected-routes.ts";
import { interfaceAddress, networkInterface } from "../../../src/model/interface.ts";
import { nextHop, route, TABLE_MAIN } from "../../../src/model/route.ts";
import { type Address, formatAddress, parseAddress, unspecified } from "../../../src/net/address.ts";
import { parseInterfaceAddress } from "../../../src/net/prefix.ts";
import { printRoute } from "../../../src/readers/ip/print-route.ts";
import { declaredNode } from "../felix/declared-node-fixture.ts";
import { clusterOf, planOf } from "../ipam/declared-cluster.ts";

function addressOf(text: string): Address {
  const address = parseAddress(text);
  if (address === null) throw new Error(text);
  return address;
}

/** A machine with `172.16.0.1/24` on eth0 and a default route. */
export function machine(
  name: string,
  written: string,
  gateway: string,
  fields: Partial<DeclaredNode> & { readonly mtu?: number } = {},
): DeclaredNode {
  const parsed = parseInterfaceAddress(written);
  if (parsed === null) throw new Error(written);
  const eth0 = networkInterface({
    name: "eth0",
    index: 2,
    mtu: fields.mtu ?? 1500,
    addresses: [interfaceAddress({ address: parsed.address, prefixLength: parsed.length })],
  });
  return declaredNode(name, {
    interfaces: [networkInterface({ name: "lo", index: 1 }), eth0],
    routes: [
      ...deriveConnectedRoutes([eth0]),
      route({
        destination: { address: unspecified(4), length: 0 },
        nextHops: [nextHop({ interface: "eth0", gateway: addressOf(gateway) })],
      }),
    ],
    bgpIPv4: parsed,
    ...fields,
  });
}

/** The wiring of every node of a cluster of manifests; v3.29.2 unless told. */
export function wired(
  text: string,
  nodes: readonly DeclaredNode[],
  calico = "v3.29.2",
): ReadonlyMap<string, NodeWiring> {
  const cluster = clusterOf(text);
  const versions = { calico, kubernetes: "v1.31.3" };
  const context = wiringContext(cluster, nodes, planOf(text, nodes, calico), versions);
  return new Map(nodes.map((node) => [node.name, nodeWiring(node, context)]));
}

/** Routes of table main that nobody but Calico makes, as `ip route` prints them. */
export function routeLines(wiring: NodeWiring | undefined): readonly string[] {
  return (wiring?.routes ?? [])
    .filter(({ table, protocol }) => table === TABLE_MAIN && protocol !== "kernel")
    .map((one) => printRoute(one).trim())
    .sort();
}

/** `tunl0 mtu 1480 192.168.110.128/32`. */
export function deviceLines(wiring: NodeWiring | undefined): readonly string[] {
  return (wiring?.interfaces ?? []).map(({ name, mtu, addresses }) =>
    [name, "mtu", mtu, ...addresses.map((one) => `${formatAddress(one.address)}/${one.prefixLength}`)].join(" "),
  );
}
