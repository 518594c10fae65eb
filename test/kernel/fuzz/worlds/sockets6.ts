import { routerLab6 } from "../../harness/router-lab-6.ts";
import { ROUTER6_TRAFFIC, ROUTER6_WORDS } from "../pools6.ts";
import { type WorldKind, worldKind } from "../world-kind.ts";
import { listeners, OWN, openingPackets, socketsSchema } from "./sockets.ts";

/** One IPv6 router with listening sockets of all kinds; those of IPv4 hear nothing of what is sent. */
export const sockets6: WorldKind = worldKind({
  name: "sockets6",
  families: [6],
  schema: socketsSchema,
  worlds: listeners(6, ["[::]", "0.0.0.0", ...OWN[6].map((address) => `[${address}]`)]),
  lab: ({ listen, sysctls = {} }) => routerLab6({ router: { listen, sysctls } }),
  mute: () => ["A", "B", "C"],
  fuzzed: () => [{ name: "R", words: ROUTER6_WORDS }],
  sequences: () => openingPackets(ROUTER6_TRAFFIC, OWN[6]),
});
