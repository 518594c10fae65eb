import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bgpCluster } from "../../bench/bgp-cluster.ts";
import { type BgpRun, runFor, startDaemons } from "../../src/bgp/reconverge.ts";
import { runtimeOf } from "../../src/emulator/world.ts";
import type { Network } from "../../src/model/network.ts";
import { everything, type Step, step, take } from "./changes-of-hosts.ts";
import { daemonsOf } from "./emulated-bgp.ts";

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

describe("segments that take a remembered way", () => {
  test.each([0, 2])(
    "leave every host as walking each would, whatever changes (%i reflectors)",
    (reflectors) => {
      const cluster = bgpCluster({ nodes: 4, reflectors });
      fc.assert(
        fc.property(fc.array(step, { maxLength: 6 }), (steps) => {
          expect(ran(true, steps, cluster)).toEqual(ran(false, steps, cluster));
        }),
        { numRuns: Number(process.env["REMEMBERED_RUNS"] ?? 3), seed: Number(process.env["REMEMBERED_SEED"] ?? 6) },
      );
    },
    900_000,
  );

  test("do so on a segment of many, of whom few have to be asked for a MAC address", () => {
    const cluster = bgpCluster({ nodes: 17, reflectors: 0 });
    expect(Math.max(...cluster.network.links.map(({ members }) => members.length))).toBe(17);
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 3 }), (steps) => {
        expect(ran(true, steps, cluster)).toEqual(ran(false, steps, cluster));
      }),
      { numRuns: Number(process.env["REMEMBERED_RUNS"] ?? 2), seed: Number(process.env["REMEMBERED_SEED"] ?? 17) },
    );
  }, 900_000);

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
