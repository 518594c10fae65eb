import type { BirdFilterUse } from "../../model/bird/configuration.ts";

/** What `show protocols all` calls a filter (filter_name of BIRD 1.6.8). */
export function filterName(use: BirdFilterUse): string {
  switch (use.kind) {
    case "all":
      return "ACCEPT";
    case "none":
      return "REJECT";
    case "named":
      return use.name;
    case "inline":
    case "where":
      return "(unnamed)";
  }
}
