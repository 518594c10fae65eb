import fc from "fast-check";
import { z } from "zod";
import { routerLab } from "../../harness/router-lab.ts";
import { withNativeTables } from "../native-tables.ts";
import { sequencesOf } from "../packets.ts";
import { ROUTER_TRAFFIC, ROUTER_WORDS } from "../pools.ts";
import { routesArbitrary } from "../routes.ts";
import { doesAccount, sysctlsArbitrary } from "../sysctls.ts";
import { type FuzzedHost, randomRulesets, type WorldKind, worldKind } from "../world-kind.ts";

const schema = z.object({
  routes: z.array(z.string()),
  rules: z.array(z.string()),
  sysctls: z.record(z.string(), z.string()),
  outMtu: z.number(),
});

function fuzzed({ sysctls }: z.infer<typeof schema>): readonly FuzzedHost[] {
  return [{ name: "R", words: { ...ROUTER_WORDS, accounts: doesAccount(sysctls) } }];
}

/** One IPv4 router with random routes, policy rules and sysctls between three hosts. */
export const router: WorldKind = worldKind({
  name: "router",
  families: [4],
  schema,
  worlds: fc
    .tuple(routesArbitrary, sysctlsArbitrary, fc.constantFrom(1500, 1500, 1200))
    .map(([{ routes, rules }, sysctls, outMtu]) => ({ routes: [...routes], rules: [...rules], sysctls, outMtu })),
  lab: ({ outMtu, ...router }) => routerLab({ router, outMtu }),
  mute: () => ["A", "B", "C"],
  fuzzed,
  sequences: () => sequencesOf(ROUTER_TRAFFIC),
  rulesets: (world, wish) => withNativeTables(randomRulesets(fuzzed(world), wish)),
  conntrack: true,
});
