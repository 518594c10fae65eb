import { expect, test } from "vitest";
import { bgpCluster } from "../../bench/bgp-cluster.ts";
import { type BgpRun, routesOf, runFor, startDaemons } from "../../src/bgp/reconverge.ts";
import type { Network } from "../../src/model/network.ts";

function withMtu(network: Network, mtu: number): Network {
  const hosts = [...network.hosts].map(([name, host]) => {
    const devices = [...host.interfaces].map(([device, own]) => [device, { ...own, mtu }] as const);
    return [name, { ...host, interfaces: new Map(devices) }] as const;
  });
  return { ...network, hosts: new Map(hosts) };
}

function reached(run: BgpRun): readonly number[] {
  const remote = (name: string) =>
    routesOf(run, name).filter(({ protocol, type }) => protocol === "bird" && type === "unicast");
  return [...run.speakers.keys()].map((name) => remote(name).length);
}

// test/kernel/bird/labs/named/narrow-links.ts has the same with a real BIRD
test.each([576, 1400])("all routes of a cluster are told over links that take %i bytes", (mtu) => {
  const nodes = mtu === 576 ? 16 : 45;
  const { network, configurations } = bgpCluster({ nodes, reflectors: 2 });
  const run = startDaemons(withMtu(network, mtu), configurations);
  runFor(run, 300);
  expect(reached(run)).toEqual(Array.from({ length: nodes }, () => nodes - 1));
});
