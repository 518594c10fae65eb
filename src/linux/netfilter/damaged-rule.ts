import type { Rule } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";

/** Why a rule is not what the kernel had: its text, not podpath, is at fault. */
export interface Damage {
  /** Line of the dump, from 1; 0 when not known. */
  readonly line: number;
  /** The rule stands for whichever were left out there. */
  readonly lost: boolean;
  /** What is not known of it, where the dump leaves it out or podpath cannot read it: `which interfaces it is for: …`. */
  readonly missing?: string;
}

/** A question about a damaged rule, and the command that prints it again. */
export function aboutDamage(
  { line, lost, missing }: Damage,
  asks: { readonly of: "match" | "do"; readonly host: string; readonly family: Family },
): { readonly code: "damaged-rule"; readonly question: string; readonly command: string } {
  const tool = asks.family === 4 ? "iptables" : "ip6tables";
  const dump = `the ${tool} dump of ${asks.host}`;
  const where = line === 0 ? dump : `line ${line} of ${dump}`;
  const subject = lost
    ? `${asks.of === "match" ? "do" : "what do"} the rules missing at ${where}`
    : `${asks.of === "match" ? "does" : "what does"} the rule ${line === 0 ? "in" : "on"} ${where}`;
  return {
    code: "damaged-rule",
    question: `${subject} ${asks.of}? ${lost ? "the dump is cut there" : missing === undefined ? "it was not understood" : `the dump does not tell ${missing}`}`,
    command: `${tool}-save -c`,
  };
}

/** True for a rule of which nobody knows what it does either: then whether it matches is part of that question. */
export function isTargetDamaged({ target }: Rule): boolean {
  return target?.kind === "extension" && target.call.name === "unmodelled" && target.call.options.damage !== undefined;
}
