import { deriveConnectedRoutes } from "../src/linux/routing/derive-connected-routes.ts";
import { deriveLocalRoutes } from "../src/linux/routing/derive-local-routes.ts";
import { host } from "../src/model/host.ts";
import { type Interface, interfaceAddress, networkInterface } from "../src/model/interface.ts";
import { type Network, network } from "../src/model/network.ts";
import { originTable } from "../src/model/origin.ts";
import { nextHop, route } from "../src/model/route.ts";
import type { Ruleset } from "../src/model/ruleset.ts";
import { type Address, parseAddress } from "../src/net/address.ts";
import { parsePrefix } from "../src/net/prefix.ts";
import { readIptablesSave } from "../src/readers/iptables/save.ts";

/** The one router that packets cross, in podpath and in the kernel: in by one device, out by the other. */
export const ROUTER = {
  name: "router",
  inside: { name: "in0", address: "10.254.0.1", mac: "02:00:00:00:00:01" },
  outside: { name: "out0", address: "10.254.1.1", mac: "02:00:00:00:00:02" },
  sender: { address: "10.254.0.2", mac: "02:00:00:00:00:03" },
  sink: { address: "10.254.1.2", mac: "02:00:00:00:00:04" },
} as const;

/** Routes beside those of the two devices: destination and gateway. */
export const ROUTES = [
  { to: "0.0.0.0/0", via: ROUTER.sink.address, device: ROUTER.outside.name },
  { to: "10.128.0.0/10", via: ROUTER.sender.address, device: ROUTER.inside.name },
  { to: "10.208.0.0/16", via: ROUTER.sink.address, device: ROUTER.outside.name },
] as const;

export function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === null) throw new Error(`not an address: ${text}`);
  return parsed;
}

function device(index: number, fields: { name: string; address: string; mac: string }): Interface {
  return networkInterface({
    name: fields.name,
    index,
    kind: "veth",
    mac: fields.mac,
    addresses: [interfaceAddress({ address: address(fields.address), prefixLength: 24 })],
  });
}

/** The router with these rules; what it sends is gone at once, since nothing is joined to it. */
export function routerNetwork(rules: string): Network {
  const interfaces = [networkInterface({ name: "lo", index: 1 }), device(2, ROUTER.inside), device(3, ROUTER.outside)];
  const extra = ROUTES.map(({ to, via, device }) => {
    const destination = parsePrefix(to);
    if (destination === null) throw new Error(to);
    return route({ destination, nextHops: [nextHop({ gateway: address(via), interface: device })] });
  });
  const sysctls = new Map([["net.ipv4.ip_forward", "1"]]);
  for (const name of ["all", ROUTER.inside.name, ROUTER.outside.name]) {
    sysctls.set(`net.ipv4.conf.${name}.forwarding`, "1");
    for (const key of ["rp_filter", "route_localnet", "accept_local", "src_valid_mark", "send_redirects"]) {
      sysctls.set(`net.ipv4.conf.${name}.${key}`, "0");
    }
  }
  const router = host({
    name: ROUTER.name,
    interfaces: new Map(interfaces.map((item) => [item.name, item])),
    routes: [...deriveLocalRoutes(interfaces), ...deriveConnectedRoutes(interfaces), ...extra],
    rulesets: readRules(rules),
    sysctls,
    neighbours: [
      {
        address: address(ROUTER.sink.address),
        interface: ROUTER.outside.name,
        mac: ROUTER.sink.mac,
        state: "PERMANENT",
        router: false,
        proxy: false,
        origin: 0,
      },
    ],
  });
  return network({ hosts: new Map([[router.name, router]]) });
}

function readRules(text: string): readonly Ruleset[] {
  const { rulesets, findings } = readIptablesSave({ text, file: "rules", family: 4, backend: "legacy" }, originTable());
  const [finding] = findings;
  if (finding !== undefined) throw new Error(`the rules of the benchmark: ${finding.message}`);
  return rulesets;
}
