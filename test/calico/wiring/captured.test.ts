import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { DeclaredNode } from "../../../src/calico/declared-node.ts";
import { assignAddresses } from "../../../src/calico/ipam/assign-addresses.ts";
import { type NodeWiring, nodeWiring } from "../../../src/calico/node-wiring.ts";
import { wiringContext } from "../../../src/calico/wiring/wiring-context.ts";
import type { Host } from "../../../src/model/host.ts";
import type { Interface } from "../../../src/model/interface.ts";
import type { FdbEntry, Neighbour } from "../../../src/model/neighbour.ts";
import { originTable } from "../../../src/model/origin.ts";
import { type Route, TABLE_MAIN } from "../../../src/model/route.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { printRoute } from "../../../src/readers/ip/print-route.ts";
import { readSnapshot } from "../../../src/readers/snapshot/read-snapshot.ts";
import { declaredNode } from "../felix/declared-node-fixture.ts";

const SCENARIOS = fileURLToPath(new URL("../../../scenarios/debian-firewall-blocks-bgp/", import.meta.url));
const VERSIONS = { calico: "v3.29.2", kubernetes: "v1.31.3" };

/** True for what Calico makes on a node. */
function isCalicos(device: string | null | undefined): boolean {
  return /^(cali|vxlan\.calico|tunl0)/.test(device ?? "");
}

function madeByCalico(route: Route): boolean {
  return ["bird", "80"].includes(route.protocol) || route.nextHops.some(({ interface: device }) => isCalicos(device));
}

interface Captured {
  readonly host: Host;
  readonly wiring: NodeWiring;
}

/** What stands in a capture, and what is made of its resources and its machines' own devices. */
function captured(scenario: string): ReadonlyMap<string, Captured> {
  const folder = join(SCENARIOS, scenario, "snapshot");
  const files = new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(folder.length + 1), readFileSync(path, "utf8")]),
  );
  const { network, cluster } = readSnapshot({ name: scenario, files });
  const hosts = [...network.hosts.values()].filter(({ kind }) => kind === "node");
  const nodes = hosts.map(
    (host): DeclaredNode =>
      declaredNode(host.name, {
        interfaces: [...host.interfaces.values()].filter(({ name }) => !isCalicos(name)),
        routes: host.routes.filter((route) => !madeByCalico(route)),
        sysctls: new Map([...host.sysctls].filter(([key]) => key.includes(".default."))),
        bgpIPv4: cluster.calicoNodes.get(host.name)?.ipv4 ?? cluster.nodes.get(host.name)?.calicoIPv4 ?? null,
      }),
  );
  const plan = assignAddresses(cluster, nodes, VERSIONS, originTable());
  expect(plan.findings).toEqual([]);
  const context = wiringContext(cluster, nodes, plan, VERSIONS);
  return new Map(
    hosts.map((host, i) => [host.name, { host, wiring: nodeWiring(nodes[i] ?? declaredNode(host.name), context) }]),
  );
}

function routeLines(routes: readonly Route[]): readonly string[] {
  return routes
    .filter(({ table, family }) => table === TABLE_MAIN && family === 4)
    .map(printRoute)
    .sort();
}

function localLines(routes: readonly Route[]): readonly string[] {
  return routes
    .filter(({ table, family }) => table !== TABLE_MAIN && family === 4)
    .map(printRoute)
    .sort();
}

function deviceLine({ name, kind, mac, mtu, up, addresses, noArp, vxlan }: Interface): string {
  const tunnel =
    vxlan === null
      ? ""
      : ` vni ${vxlan.vni} port ${vxlan.port} local ${vxlan.local && formatAddress(vxlan.local)} dev ${vxlan.device} learning ${vxlan.learning}`;
  const own = addresses.filter(({ address }) => address.family === 4);
  return `${name} ${kind} ${mac} mtu ${mtu} up ${up} noarp ${noArp}${tunnel} ${own.map((one) => `${formatAddress(one.address)}/${one.prefixLength}`).join(" ")}`;
}

function neighbourLine({ address, interface: device, mac, state }: Neighbour): string {
  return `${formatAddress(address)} dev ${device} ${mac} ${state}`;
}

function fdbLine({ mac, interface: device, destination, permanent }: FdbEntry): string {
  return `${mac} dev ${device} dst ${destination && formatAddress(destination)} permanent ${permanent}`;
}

describe.each(["healthy", "two-subnets-without-encapsulation", "vxlan-blocked"])("%s", (scenario) => {
  // the capture's stand-in for Felix names its VTEPs by the nodes' addresses, and marks its routes on vxlan.calico with
  // Felix's number; Felix makes MAC addresses of the nodes' names, and those routes are of protocol boot there
  const likeCapture = (line: string): string =>
    line.replace(/66(:[0-9a-f]{2}){5}/, "66:…").replace(/ proto 80 (?=onlink)/, " ");

  const all = captured(scenario);
  test("has three nodes", () => expect(all.size).toBe(3));

  test.each([...all])("%s is wired as it was captured", (_, { host, wiring }) => {
    const devices = [...host.interfaces.values()].filter(({ name }) => isCalicos(name));
    expect(routeLines(host.routes.filter(madeByCalico)).length).toBeGreaterThan(2);
    expect(wiring.interfaces.map(deviceLine).map(likeCapture).sort()).toEqual(
      devices.map(deviceLine).map(likeCapture).sort(),
    );
    expect(routeLines(wiring.routes).map(likeCapture)).toEqual(
      routeLines(host.routes.filter(madeByCalico)).map(likeCapture),
    );
    expect(localLines(wiring.routes)).toEqual(localLines(host.routes.filter(madeByCalico)));
    const peers = host.neighbours.filter(({ interface: device }) => device === "vxlan.calico");
    expect(wiring.neighbours.map(neighbourLine).map(likeCapture).sort()).toEqual(
      peers.map(neighbourLine).map(likeCapture).sort(),
    );
    const fdb = host.fdb.filter(({ interface: device }) => device === "vxlan.calico");
    expect(wiring.fdb.map(fdbLine).map(likeCapture).sort()).toEqual(fdb.map(fdbLine).map(likeCapture).sort());
    for (const [key, value] of wiring.sysctls) {
      // this capture's kernel has no IPv6 devices that Felix could tell not to listen to routers
      if (!key.startsWith("net.ipv6.")) expect([key, host.sysctls.get(key)]).toEqual([key, value]);
    }
  });
});
