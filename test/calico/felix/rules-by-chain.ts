import type { Family } from "../../../src/net/address.ts";
import { printRuleset } from "../../../src/readers/iptables/print.ts";
import { readSave } from "../../readers/iptables/helpers.ts";

/** Rules by table and chain, and the chains that have none: the kernel's tools print them in an order of their own. */
export function rulesByChain(text: string, family: Family, backend: "legacy" | "nft"): readonly string[] {
  return readSave(text, family, backend)
    .rulesets.flatMap((ruleset) =>
      [...ruleset.tables.values()].flatMap((table) => {
        const printed = printRuleset({ ...ruleset, tables: new Map([[table.name, table]]) });
        const lines = printed.split("\n").filter((line) => line.startsWith("-A") || /^:\S+ - /.test(line));
        return lines.map((line, i) => {
          const [, chain = ""] = line.startsWith(":") ? line.split(/[: ]/) : line.split(" ");
          return { key: `${table.name} ${chain}`, line: line.replace(/ \[\d+:\d+\]$/, ""), i };
        });
      }),
    )
    .sort((x, y) => (x.key < y.key ? -1 : x.key > y.key ? 1 : x.i - y.i))
    .map(({ key, line }) => `${key} ${line}`);
}
