import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bgpCluster } from "../../bench/bgp-cluster.ts";
import { type BgpRun, routesOf, runFor, startDaemons } from "../../src/bgp/reconverge.ts";
import { hostChanged } from "../../src/bgp/speaker/speaker.ts";
import { changeHost, runtimeOf } from "../../src/emulator/world.ts";
import { connectionsIn, flushConntrack } from "../../src/linux/conntrack/table.ts";
import type { Network } from "../../src/model/network.ts";
import { runCommand } from "../../src/readers/commands/run-command.ts";
import { protocolsText } from "../../src/report/bird/protocols-text.ts";
import { routesText } from "../../src/report/bird/routes-text.ts";
import { daemonsOf } from "./emulated-bgp.ts";

/** What a change can be noticed by: BIRD's own words, the kernel's routes, tracked connections and neighbours. */
function everything({ speakers, world }: BgpRun): readonly unknown[] {
  const clock = (time: number): string => String(time);
  return [...world.hosts].flatMap(([name, runtime]) => [
    name,
    ...(speakers.get(name) ?? []).flatMap((speaker) => [
      protocolsText(speaker, clock, true),
      routesText(speaker, clock, { all: true, for: null, protocol: null }),
    ]),
    runtime.compiled.host.routes,
    [...connectionsIn(runtime.conntrack)].filter(({ expires }) => expires > world.now),
    runtime.neighbours,
    [...(world.tcp.connections.get(name)?.values() ?? [])].flatMap((list) =>
      list.map(({ state, localPort, remotePort, next, acknowledged, expected, retries, softError }) => ({
        state,
        ports: [localPort, remotePort],
        numbers: [next, acknowledged, expected, retries],
        softError,
      })),
    ),
  ]);
}

const CHANGES = [
  "iptables -I INPUT -p tcp --dport 179 -j DROP",
  "iptables -D INPUT -p tcp --dport 179 -j DROP",
  "iptables -I INPUT -p tcp --tcp-flags SYN,ACK SYN -j REJECT --reject-with tcp-reset",
  "iptables -A OUTPUT -p tcp --sport 179 -m length --length 60: -j DROP",
  "iptables -I OUTPUT -p tcp -m limit --limit 1/sec --limit-burst 3 -j ACCEPT",
  "iptables -I INPUT -p tcp -m connbytes --connbytes 600: --connbytes-dir both --connbytes-mode bytes -j DROP",
  "iptables -I INPUT -m conntrack --ctstate ESTABLISHED -m tcp -p tcp --tcp-flags PSH PSH -j DROP",
  "iptables -t raw -I PREROUTING -p tcp -j CT --notrack",
  "iptables -F INPUT",
  "ip route add blackhole 192.168.0.16/30",
  "ip route del blackhole 192.168.0.16/30",
  "ip link set eth0 down",
  "ip link set eth0 up",
  "conntrack -F",
] as const;

type Step = { readonly node: number; readonly change: (typeof CHANGES)[number]; readonly wait: number };

function take(run: BgpRun, { node, change, wait }: Step): void {
  const name = `node-${node}`;
  const { network } = run.world;
  const host = network.hosts.get(name);
  if (host === undefined) throw new Error(name);
  if (change === "conntrack -F") {
    const runtime = runtimeOf(run.world, name);
    if (runtime !== null) flushConntrack(runtime.conntrack);
  } else {
    const context = { origins: network.origins, origin: 0, file: () => null };
    const result = runCommand(change, { ...host, routes: routesOf(run, name) }, context);
    if ("host" in result) changeHost(run.world, name, result.host);
    for (const speaker of run.speakers.get(name) ?? []) hostChanged(speaker);
  }
  runFor(run, wait);
}

function ran(remembersPaths: boolean, steps: readonly Step[], cluster: ReturnType<typeof bgpCluster>) {
  const run = startDaemons(cluster.network, cluster.configurations, { remembersPaths });
  runFor(run, 30);
  const states = [everything(run)];
  for (const step of steps) {
    take(run, step);
    states.push(everything(run));
  }
  return states;
}

const step: fc.Arbitrary<Step> = fc.record({
  node: fc.nat(3),
  change: fc.constantFrom(...CHANGES),
  wait: fc.constantFrom(0, 1, 30, 100, 300, 2000),
});

describe("segments that take a remembered way", () => {
  test.each([0, 2])("leave every host as walking each would, whatever changes (%i reflectors)", (reflectors) => {
    const cluster = bgpCluster({ nodes: 4, reflectors });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), (steps) => {
        expect(ran(true, steps, cluster)).toEqual(ran(false, steps, cluster));
      }),
      { numRuns: 6, seed: 6 },
    );
  });

  test.each(["healthy", "bgp-blocked-by-reject"])("do so on the machines of the capture %s", (name) => {
    const folder = `scenarios/debian-firewall-blocks-bgp/${name}`;
    const [remembered, walked] = [true, false].map((remembersPaths) => {
      const run = daemonsOf(folder, { remembersPaths });
      runFor(run, 97.5);
      return everything(run);
    });
    expect(remembered).toEqual(walked);
  });

  test("spare most of the walks of a session that is up", () => {
    const { network, configurations } = bgpCluster({ nodes: 4, reflectors: 0 });
    const walks = [true, false].map((remembersPaths) => {
      const run = startDaemons(network, configurations, { remembersPaths });
      runFor(run, 600);
      return countWalks(run, network);
    });
    expect(walks[0]).toBeLessThan(0.01 * (walks[1] ?? 0));
  });
});

/** How often a packet of an hour asks the rules of a host. */
function countWalks(run: BgpRun, network: Network): number {
  let walks = 0;
  for (const name of network.hosts.keys()) {
    const runtime = runtimeOf(run.world, name);
    if (runtime === null) continue;
    const { compiled } = runtime;
    runtime.compiled = new Proxy(compiled, {
      get(target, key, self): unknown {
        if (key === "hooks") walks++;
        return Reflect.get(target, key, self);
      },
    });
  }
  runFor(run, 3600);
  return walks;
}
