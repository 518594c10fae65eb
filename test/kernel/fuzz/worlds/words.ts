import fc from "fast-check";
import { z } from "zod";
import { routerLab } from "../../harness/router-lab.ts";
import type { HostRuleset } from "../case.ts";
import { ROUTER_TRAFFIC, ROUTER_WORDS } from "../pools.ts";
import { seldomSequences } from "../seldom-packets.ts";
import { seldomTables } from "../seldom-words.ts";
import { type WorldKind, worldKind } from "../world-kind.ts";

/** One plain IPv4 router, whose rules are made of the words that the rules of other worlds seldom have. */
export const words: WorldKind = worldKind({
  name: "words",
  families: [4],
  schema: z.object({ outMtu: z.number() }),
  worlds: fc.constantFrom(1500, 1500, 600).map((outMtu) => ({ outMtu })),
  lab: ({ outMtu }) => routerLab({ outMtu }),
  mute: () => ["A", "B", "C"],
  fuzzed: () => [{ name: "R", words: ROUTER_WORDS }],
  sequences: () => seldomSequences(ROUTER_TRAFFIC),
  rulesets: (_, { backend }) =>
    seldomTables(ROUTER_WORDS, backend).map((tables): readonly HostRuleset[] => [
      { host: "R", family: 4, backend, sets: "", tables },
    ]),
  conntrack: true,
});
