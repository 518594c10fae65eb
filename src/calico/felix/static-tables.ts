import type { FelixTable } from "./felix-rule.ts";
import type { FelixSettings } from "./felix-settings.ts";
import { staticFilterTable } from "./static-filter-table.ts";
import { staticMangleTable } from "./static-mangle-table.ts";
import { staticNatTable } from "./static-nat-table.ts";
import { staticRawTable } from "./static-raw-table.ts";

/** What Felix programs on every node of one kind, before any endpoint or policy. */
export function staticTables(settings: FelixSettings): readonly FelixTable[] {
  return [staticRawTable(settings), staticMangleTable(settings), staticNatTable(settings), staticFilterTable(settings)];
}
