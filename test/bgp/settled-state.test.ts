import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bgpCluster } from "../../bench/bgp-cluster.ts";
import { type BgpRun, forkRun, routesOf, runFor, startDaemons } from "../../src/bgp/reconverge.ts";
import { netsOf } from "../../src/bgp/rib/table.ts";
import { toldTo } from "../../src/bgp/speaker/audience.ts";
import { type Peer, shownError, shownState } from "../../src/bgp/speaker/peer.ts";
import { killSpeaker, type Speaker, startSpeaker, terminateSpeaker } from "../../src/bgp/speaker/speaker.ts";
import { runtimeOf } from "../../src/emulator/world.ts";
import { sameAddress } from "../../src/net/address.ts";
import { formatPrefix } from "../../src/net/prefix.ts";
import { step, take } from "./changes-of-hosts.ts";

/**
 * What somebody sees of daemons that run, once all is at rest: sessions with their last errors, the best route of each destination,
 * the kernel's routes. `raced`: without the errors, which tell who was first.
 */
function settledState({ speakers, world }: BgpRun, raced: boolean): readonly unknown[] {
  const running = [...speakers].filter(([, list]) => list.every((speaker) => speaker.running));
  return running.map(([name, list]) => ({
    name,
    sessions: list.flatMap(({ peers }) =>
      peers.map((peer) => [peer.configuration.name, shownState(peer), raced ? null : shownError(peer)]),
    ),
    best: list.flatMap(({ table }) =>
      [...netsOf(table)]
        .map(({ prefix, routes: [best] }) => [formatPrefix(prefix), best?.owner.name, best?.target, best?.hops])
        .sort((x, y) => String(x[0]).localeCompare(String(y[0]))),
    ),
    kernel: (runtimeOf(world, name)?.compiled.host.routes ?? [])
      .map(({ destination, type, nextHops, protocol }) => [formatPrefix(destination), type, protocol, nextHops])
      .sort((x, y) => JSON.stringify(x).localeCompare(JSON.stringify(y))),
  }));
}

const [mesh, reflected] = [0, 2].map((reflectors) => {
  const { network, configurations } = bgpCluster({ nodes: 4, reflectors });
  const run = startDaemons(network, configurations);
  runFor(run, 60);
  return run;
});

function settled(isMesh: boolean): BgpRun {
  const run = isMesh ? mesh : reflected;
  if (run === undefined) throw new Error("no cluster");
  return forkRun(run);
}

type DaemonChange = { readonly node: number; readonly daemon: "restart" | "kill" | "terminate" };
const daemonChange: fc.Arbitrary<DaemonChange> = fc.record({
  node: fc.nat(3),
  daemon: fc.constantFrom("restart", "kill", "terminate"),
});

function changeDaemon(run: BgpRun, { node, daemon }: DaemonChange): void {
  const name = `node-${node}`;
  const runtime = runtimeOf(run.world, name);
  const after = (run.speakers.get(name) ?? []).map((speaker): Speaker => {
    if (runtime === null || !speaker.running) return speaker;
    if (daemon === "kill") killSpeaker(speaker);
    else terminateSpeaker(speaker);
    return daemon === "restart" ? startSpeaker(run.world, runtime, speaker.configuration, true) : speaker;
  });
  run.speakers.set(name, after);
}

const seed = Number(process.env["STATE_SEED"] ?? 6);
const runs = (usual: number): number => usual * Number(process.env["STATE_TIMES"] ?? 1);
const PATIENCE = 900_000;

describe("what a World settles to", () => {
  test(
    "does not depend on the order in which changes of one moment are made on different machines",
    () => {
      const change = fc.oneof(step, daemonChange);
      const changes = fc.uniqueArray(change, { minLength: 2, maxLength: 4, selector: ({ node }) => node });
      fc.assert(
        fc.property(
          fc.boolean(),
          changes.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
          (isMesh, [one, other]) => {
            // A daemon that ends says so at once; whether what drops it is in place by then is a race for machines, too.
            const raced = one.some((item) => "daemon" in item) && one.some((item) => !("daemon" in item));
            const [first, second] = [one, other].map((list) => {
              const run = settled(isMesh);
              for (const item of list) {
                if ("daemon" in item) changeDaemon(run, item);
                else take(run, { ...item, wait: 0 });
              }
              runFor(run, 700);
              return settledState(run, raced);
            });
            expect(first).toEqual(second);
          },
        ),
        { numRuns: runs(10), seed },
      );
    },
    PATIENCE,
  );

  test(
    "has no route without a session that carried it, at any time",
    () => {
      fc.assert(
        fc.property(
          fc.boolean(),
          fc.array(fc.oneof(step, daemonChange), { minLength: 1, maxLength: 5 }),
          (isMesh, changes) => {
            const run = settled(isMesh);
            for (const change of changes) {
              if ("daemon" in change) {
                changeDaemon(run, change);
                runFor(run, 20);
              } else take(run, change);
              expect(uncarried(run)).toEqual([]);
            }
          },
        ),
        { numRuns: runs(12), seed },
      );
    },
    PATIENCE,
  );
});

/** Routes of BGP in tables that no session brought, and routes of BIRD in the kernel that are in no table. */
function uncarried(run: BgpRun): readonly string[] {
  const found: string[] = [];
  for (const [name, list] of run.speakers) {
    const running = list.filter((speaker) => speaker.running);
    const nets = running.flatMap(({ table }) => [...netsOf(table)]);
    for (const { prefix, routes } of nets) {
      for (const { owner } of routes) {
        const peer = running.flatMap(({ peers }) => peers).find(({ protocol }) => protocol.owner === owner);
        if (owner.bgp !== null && (peer === undefined || !isTold(run, peer, formatPrefix(prefix))))
          found.push(`${name}: ${formatPrefix(prefix)} by ${owner.name}`);
      }
    }
    // what an ended or recovering daemon has left is the kernel's
    if (running.length < list.length || running.some(({ recovery }) => recovery !== null)) continue;
    const known = new Set(nets.map(({ prefix }) => formatPrefix(prefix)));
    for (const { protocol, destination } of routesOf(run, name)) {
      if (protocol === "bird" && !known.has(formatPrefix(destination)))
        found.push(`${name}: ${formatPrefix(destination)} in the kernel`);
    }
  }
  return found;
}

/**
 * The session stands, and the neighbour at its other end counts the route among what it told, if nothing is on its way; or the neighbour
 * restarts, and what it told waits for it.
 */
function isTold({ speakers }: BgpRun, peer: Peer, prefix: string): boolean {
  if (peer.restarting && peer.restartTimer?.expires != null) return true;
  const socket = peer.session?.socket ?? null;
  if (socket === null) return false;
  const isOtherEnd = ({ session }: Peer): boolean =>
    session?.socket !== null &&
    session?.socket !== undefined &&
    sameAddress(session.socket.local, socket.remote) &&
    sameAddress(session.socket.remote, socket.local) &&
    session.socket.localPort === socket.remotePort &&
    session.socket.remotePort === socket.localPort;
  const ends = [...speakers.values()].flatMap((list) =>
    list.flatMap((speaker) => speaker.peers.filter(isOtherEnd).map((peer) => ({ speaker, peer }))),
  );
  const [{ speaker: from, peer: other } = { speaker: undefined, peer: undefined }] = ends;
  // it has ended meanwhile, or segments do not come through
  if (from === undefined || (other.session?.socket?.flight.length ?? 0) > 0) return true;
  return toldTo(from, other).some(([, told]) => formatPrefix(told.prefix) === prefix);
}
