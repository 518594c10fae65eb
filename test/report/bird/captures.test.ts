import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { type BgpRun, choicesOf, routesOf, runFor } from "../../../src/bgp/reconverge.ts";
import type { Route } from "../../../src/model/route.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { formatPrefix } from "../../../src/net/prefix.ts";
import { birdClock } from "../../../src/report/bird/clock.ts";
import { protocolsText } from "../../../src/report/bird/protocols-text.ts";
import { routesText } from "../../../src/report/bird/routes-text.ts";
import { daemonsOf } from "../../bgp/emulated-bgp.ts";

const CAPTURES = fileURLToPath(new URL("../../../scenarios/debian-firewall-blocks-bgp", import.meta.url));

/** When the captures were taken after the daemons had started, within a few seconds. */
const AGE = 22;

/** Counters that tell of an order or of a past that no dump holds. */
const OTHER_PAST: ReadonlyMap<string, string> = new Map([
  ["no-default-route worker-1", "its default route was deleted while BIRD ran"],
  ["forwarding-off-at-source-cached control-plane", "one session came up before the other's routes were there"],
]);

/** Times of day and timers do not come again. */
function timeless(text: string): string {
  return text
    .replace(/\d\d:\d\d:\d\d/g, "hh:mm:ss")
    .replace(/((?:Hold timer|Keepalive timer|Connect delay): +)\d+/g, "$1n");
}

function withoutCounters(text: string): string {
  return text.replace(/((?:Import|Export) (?:updates|withdraws): ).*/g, "$1");
}

/** Those with BIRD: the ones with VXLAN run without. */
const folders = readdirSync(CAPTURES).filter((name) =>
  existsSync(join(CAPTURES, name, "snapshot/nodes/control-plane/bird.cfg")),
);

/** BIRD's routes of a table, in one order. */
function birdRoutes(routes: readonly Route[]): readonly string[] {
  return routes
    .filter(({ protocol, family }) => protocol === "bird" && family === 4)
    .map(({ type, destination, nextHops, metric }) => {
      const hops = nextHops.map(
        ({ gateway, interface: device }) => `via ${gateway === null ? "-" : formatAddress(gateway)} dev ${device}`,
      );
      return `${type} ${formatPrefix(destination)} ${hops.join(" ")} metric ${metric}`;
    })
    .sort();
}

describe.each(folders)("BIRD started anew from the bird.cfg of %s", (name) => {
  let run: BgpRun | null = null;
  const emulated = (): BgpRun => {
    if (run === null) {
      run = daemonsOf(join(CAPTURES, name));
      runFor(run, AGE);
    }
    return run;
  };
  const nodes = readdirSync(join(CAPTURES, name, "snapshot/nodes"));

  test.each(nodes)("says on %s what the real one said: sessions, routes and counters", (node) => {
    const { speakers, world } = emulated();
    const [speaker] = speakers.get(node) ?? [];
    if (speaker === undefined) throw new Error(`no daemon on ${node}`);
    const clock = birdClock(0, world.now);
    const real = (file: string): string =>
      timeless(readFileSync(join(CAPTURES, name, "snapshot/nodes", node, file), "utf8"));
    const told = (text: string): string => timeless(`BIRD 1.6.8 ready.\n${text}`);
    const view = OTHER_PAST.has(`${name} ${node}`) ? withoutCounters : (text: string): string => text;
    expect(view(told(protocolsText(speaker, clock, true)))).toBe(view(real("birdc-protocols.txt")));
    const all = { all: true, for: null, protocol: null };
    expect(told(routesText(speaker, clock, all))).toBe(real("birdc-route.txt"));
  });

  test.each(nodes)("programs on %s the routes that the real one had", (node) => {
    const { world } = emulated();
    const dumped = world.network.hosts.get(node)?.routes ?? [];
    expect(birdRoutes(routesOf(emulated(), node))).toEqual(birdRoutes(dumped));
  });

  test("no filter fails, and nothing is guessed", () => {
    const { speakers } = emulated();
    expect(choicesOf(emulated())).toEqual([]);
    for (const [speaker] of speakers.values()) expect([...(speaker?.filterErrors.keys() ?? [])]).toEqual([]);
  });
});
