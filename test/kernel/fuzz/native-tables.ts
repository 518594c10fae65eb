import fc from "fast-check";
import { random } from "../../readers/fuzz/random.ts";
import { randomTables } from "../nft/random-tables.ts";
import type { HostRuleset } from "./case.ts";

/**
 * Tables of nft's own for the router's lab. None has the priority of a table of iptables: which of two is asked first depends on
 * which was made first, and tables of the legacy backend are never unmade.
 */
const tables: fc.Arbitrary<string> = fc.nat(1_000_000).map((seed) =>
  randomTables(random(seed))
    .replaceAll(/priority 0;/g, "priority 3;")
    .replaceAll(/priority (mangle|dstnat|srcnat);/g, "priority $1 + 7;"),
);

/** The rulesets, few of the legacy ones with tables of nft's own beside them. */
export function withNativeTables(rulesets: fc.Arbitrary<readonly HostRuleset[]>): fc.Arbitrary<readonly HostRuleset[]> {
  return fc
    .tuple(rulesets, fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: tables }))
    .map(([list, native]) =>
      native === null || list.some(({ backend }) => backend === "nft")
        ? list
        : list.map((ruleset, index) => (index === 0 ? { ...ruleset, native } : ruleset)),
    );
}
