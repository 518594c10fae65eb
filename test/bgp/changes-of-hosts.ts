import fc from "fast-check";
import { type BgpRun, routesOf, runFor } from "../../src/bgp/reconverge.ts";
import { hostChanged } from "../../src/bgp/speaker/speaker.ts";
import { changeHost, runtimeOf } from "../../src/emulator/world.ts";
import { connectionsIn, flushConntrack } from "../../src/linux/conntrack/table.ts";
import { runCommand } from "../../src/readers/commands/run-command.ts";
import { protocolsText } from "../../src/report/bird/protocols-text.ts";
import { routesText } from "../../src/report/bird/routes-text.ts";

/** What a change can be noticed by: BIRD's own words, the kernel's routes, tracked connections and neighbours. */
export function everything({ speakers, world }: BgpRun): readonly unknown[] {
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

export type Step = { readonly node: number; readonly change: (typeof CHANGES)[number]; readonly wait: number };

export function take(run: BgpRun, { wait, ...changed }: Step): void {
  makeChange(run, changed);
  runFor(run, wait);
}

export function makeChange(run: BgpRun, { node, change }: Pick<Step, "node" | "change">): void {
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
}

const parts = { node: fc.nat(3), change: fc.constantFrom(...CHANGES) };

export const change: fc.Arbitrary<Pick<Step, "node" | "change">> = fc.record(parts);

export const step: fc.Arbitrary<Step> = fc.record({
  ...parts,
  wait: fc.constantFrom(0, 1, 30, 100, 300, 2000),
});
