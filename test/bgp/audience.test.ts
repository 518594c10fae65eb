import fc from "fast-check";
import { expect, test } from "vitest";
import { bgpCluster } from "../../bench/bgp-cluster.ts";
import { type BgpRun, runFor, startDaemons } from "../../src/bgp/reconverge.ts";
import { netsOf } from "../../src/bgp/rib/table.ts";
import { toldTo } from "../../src/bgp/speaker/audience.ts";
import { exportedBy } from "../../src/bgp/speaker/export-counts.ts";
import type { Peer } from "../../src/bgp/speaker/peer.ts";
import { killSpeaker, type Speaker, startSpeaker } from "../../src/bgp/speaker/speaker.ts";
import { outgoingOf, updateGroup } from "../../src/bgp/speaker/update-group.ts";
import { runtimeOf } from "../../src/emulator/world.ts";
import { formatPrefix } from "../../src/net/prefix.ts";
import { step, take } from "./changes-of-hosts.ts";

interface Told {
  readonly prefix: string;
  readonly attributes: unknown;
}

const inOrder = (list: readonly Told[]): readonly string[] =>
  list.map(({ prefix, attributes }) => `${prefix} ${JSON.stringify(attributes)}`).sort();

/** What the neighbour is to know, worked out for it alone: of each route but its own, what export makes of it. */
function alone(speaker: Speaker, peer: Peer): readonly string[] {
  const group = updateGroup(speaker, peer);
  const offers = [...netsOf(speaker.table)].flatMap(({ routes }) => (peer.addPathSend ? routes : routes.slice(0, 1)));
  return inOrder(
    offers.flatMap((route) => {
      const found = route.owner === peer.protocol.owner ? null : outgoingOf(speaker, group, route);
      return found?.kind === "accepted" ? [{ prefix: formatPrefix(route.prefix), attributes: found.attributes }] : [];
    }),
  );
}

function sessionsOf({ speakers }: BgpRun): readonly (readonly [Speaker, Peer])[] {
  return [...speakers.values()].flatMap((list) =>
    list.flatMap((speaker) =>
      speaker.running
        ? speaker.peers.flatMap((peer) => (peer.audience === null ? [] : [[speaker, peer] as const]))
        : [],
    ),
  );
}

/** What the other end of a session has taken from it. */
function takenFrom({ speakers }: BgpRun, from: Speaker, peer: Peer): readonly string[] | null {
  const socket = peer.session?.socket ?? null;
  for (const list of speakers.values()) {
    for (const other of list) {
      const end = other.peers.find(
        ({ session }) =>
          socket !== null &&
          session?.socket?.localPort === socket.remotePort &&
          session.socket.remotePort === socket.localPort &&
          session.socket.remote.a === socket.local.a &&
          session.socket.local.a === socket.remote.a,
      );
      if (end === undefined || other === from) continue;
      return [...netsOf(other.table)]
        .flatMap(({ prefix, routes }) =>
          routes.flatMap(({ owner }) => (owner === end.protocol.owner ? [formatPrefix(prefix)] : [])),
        )
        .sort();
    }
  }
  return null;
}

test.each([0, 1, 3])(
  "neighbours that are told together know what each would be told alone (%i reflectors)",
  (reflectors) => {
    const cluster = bgpCluster({ nodes: 5, reflectors });
    let sessions = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.nat(5)), { maxLength: 5 }), (steps) => {
        const run = startDaemons(cluster.network, cluster.configurations);
        runFor(run, 30);
        for (const [one, restarted] of [...steps, null].map((item) => item ?? ([null, 9] as const))) {
          if (one !== null) take(run, one);
          const runtime = runtimeOf(run.world, `node-${restarted}`);
          const before = run.speakers.get(`node-${restarted}`);
          if (runtime !== null && before !== undefined) {
            for (const speaker of before) killSpeaker(speaker);
            run.speakers.set(
              `node-${restarted}`,
              before.map(({ configuration }) => startSpeaker(run.world, runtime, configuration)),
            );
            runFor(run, 20);
          }
          for (const [speaker, peer] of sessionsOf(run)) {
            sessions++;
            const told = toldTo(speaker, peer).map(([, item]) => ({
              prefix: formatPrefix(item.prefix),
              attributes: item.attributes,
            }));
            expect(inOrder(told)).toEqual(alone(speaker, peer));
            expect(exportedBy(peer.protocol)).toBe(told.length);
            const taken = (peer.session?.socket?.flight.length ?? 0) === 0 ? takenFrom(run, speaker, peer) : null;
            if (taken !== null) expect(taken).toEqual(told.map(({ prefix }) => prefix).sort());
          }
        }
      }),
      { numRuns: 7, seed: 11 },
    );
    expect(sessions).toBeGreaterThan(20);
  },
);
