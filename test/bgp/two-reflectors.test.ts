import { expect, test } from "vitest";
import { bgpCluster } from "../../bench/bgp-cluster.ts";
import { routesOf, runFor, SETTLING_TIME, startDaemons } from "../../src/bgp/reconverge.ts";
import { shownState } from "../../src/bgp/speaker/peer.ts";

test("two reflectors whose connections collide come to rest, and all nodes reach each other", () => {
  const { network, configurations } = bgpCluster({ nodes: 5, reflectors: 2 });
  const run = startDaemons(network, configurations);
  runFor(run, SETTLING_TIME);
  const sessions = [...run.speakers.values()].flatMap((items) => items.flatMap(({ peers }) => peers.map(shownState)));
  expect(sessions).toEqual(Array.from({ length: 14 }, () => "Established"));
  for (const name of run.speakers.keys()) {
    const reached = routesOf(run, name).filter(({ protocol, type }) => protocol === "bird" && type === "unicast");
    expect(reached, name).toHaveLength(4);
  }
  const before = run.world.sent;
  runFor(run, 60);
  expect(run.world.sent - before).toBeLessThan(100);
});
