import fc from "fast-check";
import { expect, test } from "vitest";
import { createWorld, runtimeOf, settle, type World } from "../../src/emulator/world.ts";
import { sendArpRequest } from "../../src/linux/arp.ts";
import { isUnmoved, sleepsThrough } from "../../src/linux/arp-bystander.ts";
import { findNeighbour } from "../../src/linux/neighbour-table.ts";
import { deriveConnectedRoutes } from "../../src/linux/routing/derive-connected-routes.ts";
import { deriveLocalRoutes } from "../../src/linux/routing/derive-local-routes.ts";
import { type Host, host } from "../../src/model/host.ts";
import { interfaceAddress, networkInterface } from "../../src/model/interface.ts";
import type { Neighbour } from "../../src/model/neighbour.ts";
import { network } from "../../src/model/network.ts";
import { nextHop, route } from "../../src/model/route.ts";
import { type Address, ipv4 } from "../../src/net/address.ts";

const SEGMENT = 0x0a000000;
const on = (last: number): Address => ipv4(SEGMENT + last);

function machine(name: string, last: number, more: Partial<Host> = {}): Host {
  const device = networkInterface({
    name: "eth0",
    kind: "physical",
    index: 2,
    mac: `02:00:00:00:00:0${last}`,
    up: true,
    addresses: [interfaceAddress({ address: on(last), prefixLength: 24 })],
  });
  const other = networkInterface({
    name: "eth1",
    kind: "physical",
    index: 3,
    mac: `02:00:00:00:01:0${last}`,
    up: true,
  });
  const interfaces = new Map([device, other].map((one) => [one.name, one]));
  const sysctls = new Map([
    ["net.ipv4.ip_forward", "1"],
    ["net.ipv4.conf.all.forwarding", "1"],
    ["net.ipv4.conf.eth0.forwarding", "1"],
    ...(more.sysctls ?? new Map<string, string>()),
  ]);
  return host({
    name,
    interfaces,
    ...more,
    routes: [...deriveConnectedRoutes([device]), ...deriveLocalRoutes([device]), ...(more.routes ?? [])],
    sysctls,
    dumpedSysctls: new Set(sysctls.keys()),
  });
}

function ask(bystander: Host, asker: Host, target: Address): World {
  const hosts = new Map([asker, bystander].map((one) => [one.name, one]));
  const members = [asker, bystander].map((one) => ({ host: one.name, interface: "eth0" }));
  const links = [{ name: "lan", members, closed: true, mtu: null, origin: 0 }];
  const world = createWorld(network({ hosts, links }), { choose: () => 0 });
  // a host that lives hears everything
  runtimeOf(world, bystander.name);
  const runtime = runtimeOf(world, asker.name);
  const device = asker.interfaces.get("eth0");
  if (runtime === null || device === undefined) throw new Error("no asker");
  sendArpRequest(runtime, device, target, on(1), null);
  settle(world);
  return world;
}

/** A world in which nobody asks anything. */
function alone(bystander: Host): World {
  return createWorld(network({ hosts: new Map([[bystander.name, bystander]]) }), { choose: () => 0 });
}

const state = fc.constantFrom("PERMANENT", "NOARP", "REACHABLE", "STALE", "FAILED", "INCOMPLETE", "DELAY" as const);
const entry: fc.Arbitrary<Neighbour> = fc.record({
  address: fc.integer({ min: 1, max: 4 }).map(on),
  interface: fc.constantFrom("eth0", "eth1"),
  mac: fc.constantFrom(null, "02:00:00:00:00:01", "02:00:00:00:00:09"),
  state,
  router: fc.constant(false),
  proxy: fc.boolean(),
  origin: fc.constant(0),
});
const switches = fc.constantFrom("0", "0", "0", "1", null);

test("a host that sleeps through a question of ARP, or is not moved by one while it lives, would neither answer it nor learn from it", () => {
  let slept = 0;
  let unmovedOnes = 0;
  fc.assert(
    fc.property(
      fc.array(entry, { maxLength: 3 }),
      fc.tuple(switches, switches, switches),
      fc.constantFrom(null, "local", "unicast" as const),
      fc.integer({ min: 2, max: 4 }),
      (neighbours, [all, own, perPort], extra, last) => {
        const sysctls = new Map<string, string>();
        if (all !== null) sysctls.set("net.ipv4.conf.all.proxy_arp", all);
        if (own !== null) sysctls.set("net.ipv4.conf.eth0.proxy_arp", own);
        if (perPort !== null) sysctls.set("net.ipv4.conf.eth0.proxy_arp_pvlan", perPort);
        const routes =
          extra === null
            ? []
            : [
                route({
                  destination: { address: on(3), length: 32 },
                  type: extra,
                  table: extra === "local" ? 255 : 254,
                  nextHops: [nextHop({ interface: extra === "local" ? "lo" : "eth1" })],
                }),
              ];
        const asker = machine("asker", 1);
        const bystander = machine("bystander", 2, { neighbours, sysctls, routes });
        const device = bystander.interfaces.get("eth0");
        if (device === undefined) throw new Error("no device");
        const message = {
          operation: "request",
          sender: on(1),
          senderMac: "02:00:00:00:00:01",
          target: on(last),
          sentBy: "asker eth0",
        } as const;
        const living = runtimeOf(alone(bystander), bystander.name);
        const unmoved = living !== null && isUnmoved(living, device, message);
        if (!unmoved && !sleepsThrough(bystander, device, message)) return;
        if (unmoved) unmovedOnes++;
        slept++;
        const world = ask(bystander, asker, on(last));
        const heard = world.hosts.get("asker");
        expect(heard && findNeighbour(heard.neighbours, "eth0", on(last))?.state).toBe("failed");
        const before = runtimeOf(alone(bystander), bystander.name);
        const after = world.hosts.get("bystander");
        for (const address of [on(1), on(2), on(3), on(4)]) {
          const one = after && findNeighbour(after.neighbours, "eth0", address);
          expect(one).toEqual(before && findNeighbour(before.neighbours, "eth0", address));
        }
      },
    ),
    { numRuns: 400 },
  );
  expect(slept).toBeGreaterThan(20);
  expect(unmovedOnes).toBeGreaterThan(20);
});

test("the owner of the address, and who stands in for it, do not sleep", () => {
  const asked = (bystander: Host, last: number): boolean => {
    const device = bystander.interfaces.get("eth0");
    if (device === undefined) throw new Error("no device");
    const message = { operation: "request", sender: on(1), senderMac: "", target: on(last), sentBy: "" } as const;
    return sleepsThrough(bystander, device, message);
  };
  const off = new Map([
    ["net.ipv4.conf.all.proxy_arp", "0"],
    ["net.ipv4.conf.eth0.proxy_arp", "0"],
  ]);
  expect(asked(machine("n", 2, { sysctls: off }), 3)).toBe(true);
  expect(asked(machine("n", 2, { sysctls: off }), 2)).toBe(false);
  expect(asked(machine("n", 2, { sysctls: new Map([...off, ["net.ipv4.conf.all.proxy_arp", "1"]]) }), 3)).toBe(false);
  expect(asked(machine("n", 2), 3)).toBe(false);
});
