import type { Chooser } from "../linux/chooser.ts";
import { BRANCH_LIMIT, type Budget, type Exploration, explore } from "./explorer.ts";
import type { Run } from "./result.ts";

/**
 * Packets of all runs of an answer, some hundred bytes each with their steps. One exchange that never ends has 10,000 of them (copies of
 * TEE that are copied again), and what it draws on its way would have 256 such runs kept.
 */
const PACKETS: Budget<Run> = { sizeOf: ({ journeys }) => journeys.length, most: 40_000 };

/** All ends of a question, as far as they are walked: see `explore`. */
export function exploreRuns(run: (choose: Chooser) => Run): Exploration<Run> {
  return explore(run, BRANCH_LIMIT, PACKETS);
}
