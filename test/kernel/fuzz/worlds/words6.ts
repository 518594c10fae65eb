import fc from "fast-check";
import { z } from "zod";
import { routerLab6 } from "../../harness/router-lab-6.ts";
import type { HostRuleset } from "../case.ts";
import { ROUTER6_TRAFFIC, ROUTER6_WORDS } from "../pools6.ts";
import { seldomSequences } from "../seldom-packets.ts";
import { seldomTables } from "../seldom-words.ts";
import { type WorldKind, worldKind } from "../world-kind.ts";

/** One plain IPv6 router, whose rules are made of the words that the rules of other worlds seldom have. */
export const words6: WorldKind = worldKind({
  name: "words6",
  families: [6],
  schema: z.object({ outMtu: z.number() }),
  worlds: fc.constantFrom(1500, 1500, 1280).map((outMtu) => ({ outMtu })),
  lab: ({ outMtu }) => routerLab6({ outMtu }),
  mute: () => ["A", "B", "C"],
  fuzzed: () => [{ name: "R", words: ROUTER6_WORDS }],
  sequences: () => seldomSequences(ROUTER6_TRAFFIC),
  rulesets: (_, { backend }) =>
    seldomTables(ROUTER6_WORDS, backend).map((tables): readonly HostRuleset[] => [
      { host: "R", family: 6, backend, sets: "", tables },
    ]),
  conntrack: true,
});
