import type { Origin } from "../../model/origin.ts";

/** Why a daemon does not start, or a part of its configuration is not followed; in BIRD's own words where it has some. */
export interface ConfigurationFault {
  readonly origin: Origin;
  readonly column: number;
  /**
   * `refused`: BIRD does not take the file. `unmodelled`: BIRD would do what podpath does not, and may have other sessions and routes for it.
   * `assumed`: nobody tells a part, and it is taken to be as it should.
   */
  readonly kind: "refused" | "unmodelled" | "assumed";
  readonly text: string;
}
