import type { BirdPlace } from "../../model/bird/filter.ts";

/** What BIRD logs as `filters, line N: …`: what is wrong, and the statement at which the filter ended. */
export interface FilterFault extends BirdPlace {
  readonly text: string;
  /** It comes to no end: a real daemon does not go on, either (BIRD 2.0.12 ends with a segmentation fault; 1.6 takes no function that calls itself). */
  readonly isEndless?: boolean;
  /** podpath does not know what a real daemon makes of it. */
  readonly isUnknown?: boolean;
}
