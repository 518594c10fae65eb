import fc from "fast-check";
import { BUILT_IN_CHAINS, type TableName } from "../../../src/model/ruleset.ts";
import { type FuzzSet, type RulePlace, ruleArbitrary } from "./rule.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface FuzzChain {
  readonly name: string;
  /** Null for a user-defined chain. */
  readonly policy: "ACCEPT" | "DROP" | null;
  readonly rules: readonly string[];
}

export interface FuzzTable {
  readonly name: TableName;
  readonly chains: readonly FuzzChain[];
}

/** User-defined chains by the hooks they are called from: targets and matches are checked against all of them. */
const USER_CHAINS: Readonly<
  Record<FuzzTable["name"], readonly { readonly prefix: string; readonly hooks: readonly string[] }[]>
> = {
  raw: [{ prefix: "r", hooks: ["PREROUTING", "OUTPUT"] }],
  mangle: [{ prefix: "m", hooks: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"] }],
  nat: [
    { prefix: "d", hooks: ["PREROUTING", "OUTPUT"] },
    { prefix: "s", hooks: ["POSTROUTING"] },
  ],
  filter: [{ prefix: "f", hooks: ["INPUT", "FORWARD", "OUTPUT"] }],
  security: [{ prefix: "z", hooks: ["INPUT", "FORWARD", "OUTPUT"] }],
};

const USERS = 3;

function tableArbitrary(
  name: FuzzTable["name"],
  words: Vocabulary,
  sets: readonly FuzzSet[],
  stateful: boolean,
): fc.Arbitrary<FuzzTable> {
  const groups = USER_CHAINS[name];
  const placeOf = (hooks: readonly string[], builtIn: boolean, from: number): RulePlace => ({
    words,
    table: name,
    hooks,
    builtIn,
    sets,
    stateful,
    // Only later chains are called, so that nothing goes round in circles.
    chains: groups
      .filter((group) => hooks.every((hook) => group.hooks.includes(hook)))
      .flatMap((group) =>
        Array.from({ length: Math.max(0, USERS - from) }, (_, index) => `${group.prefix}${from + index}`),
      ),
  });
  const rules = (place: RulePlace, most: number): fc.Arbitrary<string[]> =>
    fc.array(ruleArbitrary(place), { maxLength: most, size: "max" });
  const builtIn = BUILT_IN_CHAINS[name].map((chain) =>
    fc
      .tuple(
        name === "nat"
          ? fc.constant<"ACCEPT">("ACCEPT")
          : fc.oneof(
              { weight: 6, arbitrary: fc.constant<"ACCEPT">("ACCEPT") },
              { weight: 1, arbitrary: fc.constant<"DROP">("DROP") },
            ),
        rules(placeOf([chain], true, 0), 5),
      )
      .map(([policy, list]): FuzzChain => ({ name: chain, policy, rules: list })),
  );
  const user = groups.flatMap((group) =>
    Array.from({ length: USERS }, (_, index) =>
      rules(placeOf(group.hooks, false, index + 1), 4).map(
        (list): FuzzChain => ({ name: `${group.prefix}${index}`, policy: null, rules: list }),
      ),
    ),
  );
  return fc.tuple(...builtIn, ...user).map((chains) => ({ name, chains }));
}

/** Some of the five tables. `nat` is worth nothing without a rule that switches conntrack on, which most have. */
export function rulesetArbitrary(
  words: Vocabulary,
  sets: readonly FuzzSet[],
  stateful: boolean,
): fc.Arbitrary<readonly FuzzTable[]> {
  const names: readonly FuzzTable["name"][] = ["raw", "mangle", "nat", "filter", "security"];
  return fc
    .subarray([...names], { minLength: 1 })
    .chain((chosen) => fc.tuple(...chosen.map((name) => tableArbitrary(name, words, sets, stateful))));
}

/** In the words of iptables-save. */
export function rulesetText(tables: readonly FuzzTable[]): string {
  return tables
    .map(({ name, chains }) =>
      [
        `*${name}`,
        ...chains.map((chain) => `:${chain.name} ${chain.policy ?? "-"} [0:0]`),
        ...chains.flatMap((chain) => chain.rules.map((rule) => `-A ${chain.name}${rule === "" ? "" : ` ${rule}`}`)),
        "COMMIT",
        "",
      ].join("\n"),
    )
    .join("");
}
