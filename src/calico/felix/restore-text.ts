import type { RestoreTable } from "../../model/restore-table.ts";
import { BUILT_IN_CHAINS } from "../../model/ruleset.ts";

/** A table as `iptables-restore` reads it: in the kernel's chains what is inserted, then what is appended. */
export function restoreText(table: RestoreTable): string {
  const hookLines = (mode: "insert" | "append"): readonly string[] =>
    table.hooks
      .filter((hook) => hook.mode === mode)
      .flatMap(({ chain, rules }) => rules.map(({ text }) => `-A ${chain} ${text}`));
  const builtIn = BUILT_IN_CHAINS[table.name].map((chain) => `:${chain} ACCEPT [0:0]`);
  return [
    `*${table.name}`,
    ...builtIn,
    ...table.chains.map(({ name }) => `:${name} - [0:0]`),
    ...hookLines("insert"),
    ...hookLines("append"),
    ...table.chains.flatMap(({ name, rules }) => rules.map(({ text }) => `-A ${name} ${text}`)),
    "COMMIT",
    "",
  ].join("\n");
}
