import { describe, expect, test } from "vitest";
import { bgpCluster } from "../../../bench/bgp-cluster.ts";
import { runFor, startDaemons } from "../../../src/bgp/reconverge.ts";
import { sendOctets } from "../../../src/emulator/tcp/send.ts";
import type { Network } from "../../../src/model/network.ts";

const WRITES = Array.from({ length: 7 }, (_, index) => new Uint8Array(1400).fill(index));

/** A link between the two nodes loses what is longer than it takes, and says nothing. */
function blackHole(network: Network, probing: string): Network {
  const hosts = [...network.hosts].map(([name, host]) => {
    const sysctls = new Map(host.sysctls).set("net.ipv4.tcp_mtu_probing", probing);
    return [name, { ...host, sysctls }] as const;
  });
  const { linkOf: _, ...plain } = network;
  return { ...plain, hosts: new Map(hosts), links: network.links.map((link) => ({ ...link, mtu: 700 })) };
}

/** Octets that the other end of a session has by so many seconds after they were written. */
function heard(probing: string, seconds: readonly number[]): readonly number[] {
  const { network, configurations } = bgpCluster({ nodes: 2, reflectors: 0 });
  const run = startDaemons(blackHole(network, probing), configurations);
  runFor(run, 30);
  const [from, to] = [...run.speakers.values()].map(([speaker]) => speaker?.peers[0]?.session?.socket ?? null);
  if (from == null || to == null) throw new Error("there is no session");
  let count = 0;
  const received = (octets: Uint8Array): void => {
    count += octets.length;
  };
  to.events = { connected: () => {}, lost: () => {}, received };
  sendOctets(run.world, from, WRITES);
  let before = 0;
  return seconds.map((until) => {
    runFor(run, until - before);
    before = until;
    return count;
  });
}

/** Sizes and times of the kernel's: test/kernel/facts/mtu-probing.test.ts. */
describe("a long-lived connection through a black hole", () => {
  test("gets nothing through without probing", () => {
    expect(heard("0", [30])).toEqual([0]);
  });

  test("gets all through once segments of 512 octets are tried, after six timeouts", () => {
    expect(heard("1", [12, 30])).toEqual([0, 9800]);
  });

  test("gets it through sooner where it has probed from the start", () => {
    expect(heard("2", [5, 30])).toEqual([0, 9800]);
    expect(heard("2", [12])).toEqual([9800]);
  });
});
