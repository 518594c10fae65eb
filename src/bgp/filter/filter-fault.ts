import type { BirdPlace } from "../../model/bird/filter.ts";

/** What BIRD logs as `filters, line N: …`: what is wrong, and the statement at which the filter ended. */
export interface FilterFault extends BirdPlace {
  readonly text: string;
}
