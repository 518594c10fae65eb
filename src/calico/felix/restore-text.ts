import { type FelixTable, felixRuleText } from "./felix-rule.ts";
import { ruleHashes } from "./rule-hash.ts";

function ruleLine(chain: string, hash: string, text: string): string {
  return `-A ${chain} -m comment --comment "cali:${hash}"${text === "" ? "" : ` ${text}`}`;
}

/**
 * A table as `iptables-restore` reads it, every rule with its hash: in the kernel's chains what Felix inserts, then what
 * it appends.
 */
export function restoreText(table: FelixTable): string {
  const hookLines = (mode: "insert" | "append"): readonly string[] =>
    table.hooks
      .filter((hook) => hook.mode === mode)
      .flatMap((hook) => {
        const texts = hook.rules.map(felixRuleText);
        const hashes = ruleHashes(mode === "append" ? `${hook.chain}*appends*` : hook.chain, texts);
        return texts.map((text, i) => ruleLine(hook.chain, hashes[i] ?? "", text));
      });
  const chains = table.chains.flatMap(({ name, rules }) => {
    const texts = rules.map(felixRuleText);
    const hashes = ruleHashes(name, texts);
    return texts.map((text, i) => ruleLine(name, hashes[i] ?? "", text));
  });
  const builtIn = [...new Set(table.hooks.map(({ chain }) => `:${chain} ACCEPT [0:0]`))];
  return [
    `*${table.name}`,
    ...builtIn,
    ...table.chains.map(({ name }) => `:${name} - [0:0]`),
    ...hookLines("insert"),
    ...hookLines("append"),
    ...chains,
    "COMMIT",
    "",
  ].join("\n");
}
