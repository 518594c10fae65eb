import fc from "fast-check";
import type { HostRuleset } from "../case.ts";
import { redirectSettings, type Settings } from "../redirect-settings.ts";
import { redirectSequences } from "../redirect-traffic.ts";
import { routesOf, rulesOf, seldom } from "../shared-link-routes.ts";
import {
  addressesOf,
  type Machine,
  ownAddresses,
  places,
  SEGMENTS,
  type SharedLinks,
  SOURCES,
  sharedLinksLab,
  sharedLinksSchema,
} from "../shared-links.ts";
import type { Vocabulary } from "../vocabulary.ts";
import { type FuzzedHost, type RulesetWish, randomRulesets, type WorldKind, worldKind } from "../world-kind.ts";

const LISTEN: Readonly<Record<"A" | "B", readonly string[]>> = {
  A: ["udp/53", "udp/0.0.0.0:80", "udp/443%lan", "tcp/80", "tcp/443%lan"],
  B: ["udp/53", "udp/0.0.0.0:80", "udp/443%far", "tcp/80"],
};

export const redirectsWorlds = (sysctls: Settings): fc.Arbitrary<SharedLinks> =>
  places.chain((all) =>
    fc
      .tuple(
        fc.tuple(
          ...all.map((place) =>
            fc
              .tuple(
                routesOf(place, all),
                seldom(rulesOf(place)),
                sysctls(place),
                place.name === "A" || place.name === "B"
                  ? fc.subarray([...LISTEN[place.name]])
                  : fc.constant<string[]>([]),
                fc.constantFrom(false, false, false, true),
              )
              .map(
                ([routes, rules, own, listen, narrow]): Machine => ({
                  name: place.name,
                  at: addressesOf(place, narrow && place.name === "A"),
                  routes: [...routes],
                  rules: rules.flat(),
                  sysctls: { ...own },
                  listen,
                }),
              ),
          ),
        ),
        fc.constantFrom(true, true, false),
        fc.constantFrom(true, true, false),
      )
      .map(([machines, staticNeighbours, answers]) => ({ machines: [...machines], staticNeighbours, answers })),
  );

function words(world: SharedLinks, { at }: Machine): Vocabulary {
  const own = world.machines.flatMap(ownAddresses).filter((text) => !SOURCES.includes(text));
  const network = fc.constantFrom(
    "10.0.0.0/24",
    "10.0.0.128/25",
    "10.1.0.0/16",
    "10.2.0.0/16",
    "10.2.1.0/24",
    "10.0.0.0/8",
  );
  const some = fc.constantFrom("10.2.1.7", "10.0.0.1", "10.0.0.2", "10.0.2.2", ...own);
  return {
    family: 4,
    prefix: fc.oneof(network, some),
    network: fc.oneof(network, some),
    host: some,
    range: fc.constantFrom("10.0.0.100-10.0.0.200", "10.2.1.1-10.2.1.9"),
    device: fc.constantFrom(...SEGMENTS.filter((segment) => at[segment] !== undefined)),
    devicePattern: fc.constantFrom("l+", "f+", "lo"),
    mac: fc.constantFrom("02:00:00:01:00:02", "02:00:00:02:00:02"),
    dnatTo: fc.constantFrom("10.2.1.7", "10.2.1.8", "10.0.2.2", ...own),
    snatTo: fc.constantFrom("10.77.0.9", ...own),
    netmapDestination: fc.constant("10.2.1.0/24"),
    netmapSource: fc.constant("10.77.3.0/24"),
  };
}

export function redirectsHosts(world: SharedLinks): readonly FuzzedHost[] {
  return world.machines
    .filter(({ name }) => name !== "B")
    .map((machine) => ({ name: machine.name, words: words(world, machine) }));
}

/** None at all in half of the cases, and seldom on more than one host: what gets through is to be redirected. */
export function redirectsRulesets(
  hosts: readonly FuzzedHost[],
  wish: RulesetWish,
): fc.Arbitrary<readonly HostRuleset[]> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 3, arbitrary: fc.constantFrom(...hosts).chain((host) => randomRulesets([host], wish)) },
    { weight: 1, arbitrary: randomRulesets(hosts, wish) },
  );
}

/** Hosts and routers on shared links that tell each other of better ways, and follow. */
export const redirects: WorldKind = worldKind({
  name: "redirects",
  families: [4],
  schema: sharedLinksSchema,
  worlds: redirectsWorlds(redirectSettings),
  lab: sharedLinksLab,
  mute: ({ answers }) => (answers ? [] : ["B"]),
  fuzzed: redirectsHosts,
  sequences: redirectSequences,
  rulesets: (world, wish) => redirectsRulesets(redirectsHosts(world), wish),
  rulesetsPerWorld: 2,
  conntrack: true,
});
