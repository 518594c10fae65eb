import { expect, test } from "vitest";
import { type BgpRun, runFor } from "../../src/bgp/reconverge.ts";
import { protocolsText } from "../../src/report/bird/protocols-text.ts";
import { routesText } from "../../src/report/bird/routes-text.ts";
import { daemonsOf } from "./emulated-bgp.ts";

function said({ speakers, world }: BgpRun): readonly string[] {
  const clock = (time: number): string => String(time);
  return [...speakers].flatMap(([node, items]) =>
    items.flatMap((speaker) => [
      `${node} at ${world.now}`,
      protocolsText(speaker, clock, true),
      routesText(speaker, clock, { all: true, for: null, protocol: null }),
    ]),
  );
}

test.each(["healthy", "bgp-blocked-by-reject"])(
  "the state of %s at a time is the same in one run to it, in steps, and in another run",
  (name) => {
    const folder = `scenarios/debian-firewall-blocks-bgp/${name}`;
    const atOnce = daemonsOf(folder);
    runFor(atOnce, 97.5);
    const inSteps = daemonsOf(folder);
    for (let step = 0; step < 195; step++) runFor(inSteps, 0.5);
    expect(said(inSteps)).toEqual(said(atOnce));
    const again = daemonsOf(folder);
    runFor(again, 97.5);
    expect(said(again)).toEqual(said(atOnce));
  },
);
