import fc from "fast-check";
import type { z } from "zod";
import type { Family } from "../../../src/net/address.ts";
import type { Lab } from "../harness/lab.ts";
import type { FuzzBackend, HostRuleset } from "./case.ts";
import type { Sequence } from "./packets.ts";
import { rulesetArbitrary } from "./ruleset.ts";
import { setsArbitrary } from "./sets.ts";
import { smallerJson } from "./smaller-json.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** A host that gets random rules, and the words that they are made of. */
export interface FuzzedHost {
  readonly name: string;
  readonly words: Vocabulary;
}

/** What is asked of a world when rules are drawn for it. */
export interface RulesetWish {
  readonly backend: FuzzBackend;
  /** Rules may count from one packet to the next, which makes every sequence load them anew. */
  readonly stateful: boolean;
}

/**
 * A kind of world: how its topologies are drawn, built and made smaller, and what is sent through them. One file in
 * `worlds/`, and one line in `worlds/all.ts`. `W` is data: it is stored in a regression as JSON.
 */
export interface WorldSpec<W> {
  /** As `--world` and the regressions name it. */
  readonly name: string;
  readonly families: readonly Family[];
  /** Reads a stored world; what it refuses is never tried when a case is made smaller. */
  readonly schema: z.ZodType<W>;
  readonly worlds: fc.Arbitrary<W>;
  lab(world: W): Lab;
  /** Hosts whose kernel answers nothing by itself: their resets and errors would change what the next packet meets. */
  mute(world: W): readonly string[];
  /** Hosts that get rules. */
  fuzzed(world: W): readonly FuzzedHost[];
  sequences(world: W): fc.Arbitrary<Sequence>;
  /** Rules other than random ones for the `fuzzed` hosts. */
  rulesets?(world: W, wish: RulesetWish): fc.Arbitrary<readonly HostRuleset[]>;
  /** Where routes and settings matter more than rules: so many rulesets for one world. */
  readonly rulesetsPerWorld?: number;
  /** True: after every packet the connections that the hosts track are compared too. */
  readonly conntrack?: boolean;
  /** Smaller worlds; when absent, those without one element of an array or one key of a record. */
  smaller?(world: W): Iterable<W>;
}

/** One world of some kind, with everything that can be done with it. */
export interface World {
  readonly kind: string;
  readonly value: unknown;
  lab(): Lab;
  mute(): readonly string[];
  sequences(): fc.Arbitrary<Sequence>;
  readonly conntrack: boolean;
  rulesets(wish: RulesetWish): fc.Arbitrary<readonly HostRuleset[]>;
  smaller(): Iterable<World>;
}

export interface WorldKind {
  readonly name: string;
  readonly families: readonly Family[];
  readonly worlds: fc.Arbitrary<World>;
  /** Null: as many as the plan says. */
  readonly rulesetsPerWorld: number | null;
  /** The world of a stored value; throws what zod says when it is none. */
  parse(value: unknown): World;
}

/** Hides what is particular to one kind, so that campaigns, shrinking and regressions treat all of them alike. */
export function worldKind<W>(spec: WorldSpec<W>): WorldKind {
  const make = (value: W): World => ({
    kind: spec.name,
    value,
    lab: () => spec.lab(value),
    mute: () => spec.mute(value),
    sequences: () => spec.sequences(value),
    conntrack: spec.conntrack ?? false,
    rulesets: (wish) => spec.rulesets?.(value, wish) ?? randomRulesets(spec.fuzzed(value), wish),
    *smaller() {
      const candidates = spec.smaller?.(value) ?? smallerValues(spec.schema, value);
      for (const candidate of candidates) yield make(candidate);
    },
  });
  return {
    name: spec.name,
    families: spec.families,
    worlds: spec.worlds.map(make),
    rulesetsPerWorld: spec.rulesetsPerWorld ?? null,
    parse: (value) => make(spec.schema.parse(value)),
  };
}

function* smallerValues<W>(schema: z.ZodType<W>, value: W): Iterable<W> {
  for (const candidate of smallerJson(value)) {
    const parsed = schema.safeParse(candidate);
    if (parsed.success) yield parsed.data;
  }
}

/** Random rules on some of the hosts, at least on one; sets in half of the rulesets. */
export function randomRulesets(hosts: readonly FuzzedHost[], wish: RulesetWish): fc.Arbitrary<readonly HostRuleset[]> {
  return fc
    .subarray([...hosts], { minLength: Math.min(1, hosts.length) })
    .chain((chosen) => fc.tuple(...chosen.map((host) => hostRulesets(host, wish))))
    .map((lists) => lists.flat());
}

/** One ruleset; beside some of nft another of the legacy backend, which is there first. */
function hostRulesets(host: FuzzedHost, wish: RulesetWish): fc.Arbitrary<readonly HostRuleset[]> {
  const one = hostRuleset(host, wish);
  if (wish.backend === "legacy") return one.map((ruleset) => [ruleset]);
  const { name, words } = host;
  const legacy = rulesetArbitrary(words, [], false).map(
    (tables): HostRuleset => ({ host: name, family: words.family, backend: "legacy", sets: "", tables }),
  );
  return fc.oneof(
    { weight: 2, arbitrary: one.map((ruleset) => [ruleset]) },
    // Loading sets empties all tables, so that those of the second ruleset stay as they are.
    {
      weight: 1,
      arbitrary: fc.tuple(legacy, one).map(([first, second]) => [
        { ...first, sets: second.sets },
        { ...second, sets: "" },
      ]),
    },
  );
}

function hostRuleset({ name, words }: FuzzedHost, { backend, stateful }: RulesetWish): fc.Arbitrary<HostRuleset> {
  return fc.tuple(fc.boolean(), setsArbitrary(words)).chain(([withSets, sets]) =>
    rulesetArbitrary(words, withSets ? sets.sets : [], stateful).map((tables) => ({
      host: name,
      family: words.family,
      backend,
      sets: withSets ? sets.text : "",
      tables,
    })),
  );
}
