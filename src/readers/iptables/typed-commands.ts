import { isTableName, type TableName } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";

/** A command line of iptables in a paste, above what it printed. */
export interface TypedCommand {
  /** From 1. */
  readonly line: number;
  readonly family: Family;
  readonly backend: "legacy" | "nft" | null;
  /** `-t`; filter without one. */
  readonly table: TableName;
}

/** A prompt, or `+` of `set -x`, before the name of the program; `sudo`, `nsenter … --`, `kubectl exec … --` may stand between. */
const COMMAND = /^[^|]{0,200}?[#$%>+❯][^|]{0,300}?(?:^|[\s/])(ip6?tables)(-legacy|-nft)?((?:\s+\S+){0,20})\s*$/;

const NO_COMMAND = /^\s*(?:# (?:Generated|Completed|Warning|Table)|\[\d+:\d+\] |-[A-Z] |:)/;

/** A prompt and a command are no longer than this. */
const LONGEST = 600;

/**
 * The iptables commands that list one table (`-L`, `-S`, `-nvL`), by the prompts of a paste. Linear: only lines that name the program are
 * looked at.
 */
export function commandsIn(text: string): readonly TypedCommand[] {
  const commands: TypedCommand[] = [];
  let counted = { at: 0, line: 1 };
  let end = 0;
  for (let at = text.indexOf("tables"); at >= 0; at = text.indexOf("tables", end)) {
    const start = text.lastIndexOf("\n", at) + 1;
    const next = text.indexOf("\n", at);
    end = next < 0 ? text.length : next;
    const line = text.slice(start, Math.min(end, start + LONGEST)).trimEnd();
    const found = NO_COMMAND.test(line) ? null : COMMAND.exec(line);
    if (found === null) continue;
    const [, program = "", variant, options = ""] = found;
    if (!/(?:^|\s)(?:-\w*[LS]\w*|--list(?:-rules)?)(?:\s|$)/.test(options)) continue;
    const table = /(?:^|\s)(?:-t|--table)[\s=]?(\w+)/.exec(options)?.[1] ?? "filter";
    if (!isTableName(table)) continue;
    counted = { at: start, line: counted.line + text.slice(counted.at, start).split(/\r*\n|\r+/).length - 1 };
    commands.push({
      line: counted.line,
      family: program === "ip6tables" ? 6 : 4,
      backend: variant === "-legacy" ? "legacy" : variant === "-nft" ? "nft" : null,
      table,
    });
  }
  return commands;
}
