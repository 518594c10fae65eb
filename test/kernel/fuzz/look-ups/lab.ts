import { deriveLocalRoutes } from "../../../../src/linux/routing/derive-local-routes.ts";
import { type Host, host } from "../../../../src/model/host.ts";
import { originTable } from "../../../../src/model/origin.ts";
import { type Route, TABLE_LOCAL } from "../../../../src/model/route.ts";
import { formatPrefix } from "../../../../src/net/prefix.ts";
import { readAddresses } from "../../../../src/readers/ip/address.ts";
import { readRoutes } from "../../../../src/readers/ip/route.ts";
import { readPolicyRules } from "../../../../src/readers/ip/rule.ts";
import type { Oracle } from "../../harness/oracle-client.ts";
import { DEVICES, type RoutingWorld } from "./world.ts";

const far = (name: string): string => name.replace("e", "p");
const NO_CARRIER = DEVICES.at(-1);

/** Namespaces of a world: the host R, and P at the far ends of its devices, of which the last one has no carrier. */
export async function buildRoutingWorld(oracle: Oracle, world: RoutingWorld): Promise<void> {
  await oracle.build({
    hosts: [
      { name: "R", interfaces: DEVICES.map((name) => ({ name })), sysctls: world.sysctls },
      { name: "P", interfaces: DEVICES.map((name) => ({ name: far(name), up: name !== NO_CARRIER })) },
    ],
    // All of one kind: the kernel goes through devices in the order in which they came.
    links: DEVICES.map((name) => [`R:${name}`, `P:${far(name)}`]),
  });
  const lines = [
    ...world.addresses.map((text) => `addr add ${text}`),
    ...world.nextHops.map((text) => `nexthop add ${text}`),
    ...world.routes.map((text) => `route append ${text}`),
    ...world.rules.map((text) => `rule add ${text}`),
    ...world.down.map((name) => `link set ${name} down`),
  ];
  // -force: what the kernel refuses is left out, and the rest goes on.
  await oracle.exec("R", ["ip", "-force", "-batch", "-"], `${lines.join("\n")}\n`);
}

/** R as podpath reads it from its dumps; `derived`: with a local table made from the addresses. */
export async function dumpRoutingWorld(oracle: Oracle, world: RoutingWorld, derived: boolean): Promise<Host> {
  const said = async (...words: readonly string[]): Promise<string> =>
    (await oracle.exec("R", ["ip", ...words])).stdout;
  const origins = originTable();
  const dump = readAddresses(await said("-d", "addr"), "ip-addr", origins);
  const interfaces = new Map(dump.interfaces.map((device) => [device.name, device]));
  const { routes } = readRoutes(await said("route", "show", "table", "all"), "ip-route", origins);
  const { rules } = readPolicyRules(await said("rule"), "ip-rule", origins);
  const byHand = routes.filter(({ table, protocol }) => table !== TABLE_LOCAL || protocol !== "kernel");
  const local = deriveLocalRoutes(interfaces.values());
  return host({
    name: "R",
    interfaces,
    routes: derived && !isAmbiguous(local) ? [...local, ...byHand] : routes,
    policyRules: rules,
    sysctls: new Map(Object.entries(world.sysctls)),
  });
}

/** Of the routes of two devices to one address the first that was made counts, which no dump of addresses tells. */
function isAmbiguous(local: readonly Route[]): boolean {
  const seen = new Set(local.map((route) => formatPrefix(route.destination)));
  return seen.size < local.length;
}
