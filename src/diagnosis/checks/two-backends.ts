import type { Rule, Ruleset } from "../../model/ruleset.ts";
import type { Check } from "./check.ts";

/** Rules that decide something in both backends of one family. */
export const twoBackends: Check = ({ network }) =>
  [...network.hosts.values()].flatMap((host) =>
    ([4, 6] as const).flatMap((family) => {
      const own = host.rulesets.filter((ruleset) => ruleset.family === family);
      // most hosts have one backend, and their rules need not be made to be counted
      if (new Set(own.map(({ backend }) => backend)).size < 2) return [];
      const legacy = own.flatMap((ruleset) => (ruleset.backend === "legacy" ? decidingRules(ruleset) : []));
      const nft = own.flatMap((ruleset) => (ruleset.backend === "nft" ? decidingRules(ruleset) : []));
      const [first] = legacy;
      const [other] = nft;
      if (first === undefined || other === undefined) return [];
      return [
        {
          severity: "warning" as const,
          message: `${host.name} has ${legacy.length} legacy rules and ${nft.length} nft rules of IPv${family}; a packet meets both`,
          at: first.origin,
          beside: other.origin,
        },
      ];
    }),
  );

function decidingRules({ tables }: Ruleset): readonly Rule[] {
  return [...tables.values()].flatMap(({ chains }) =>
    [...chains.values()].flatMap(({ rules }) => rules.filter(({ target }) => target !== null)),
  );
}
