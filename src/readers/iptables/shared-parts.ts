import type { RuleContext } from "../../linux/netfilter/extension.ts";
import type { AddressSelector, Match, Matches, Rule, Target } from "../../model/ruleset.ts";

/**
 * Parts that many rules of a dump have in common, so that one object serves them all: a node has ten thousand rules, and says
 * `-p tcp` and `--ctstate RELATED,ESTABLISHED` in half of them.
 */
export interface SharedParts {
  readonly jumps: Map<string, Target>;
  readonly gotos: Map<string, Target>;
  readonly matches: Map<string, Match>;
  /** What was read of `-s` and `-d`, by its text with `!` before it: the addresses of a pod stand in several rules. */
  readonly addresses: Map<string, readonly (AddressSelector | null)[]>;
  /** What was read of whole rules, by family and text: of rules that keep nothing between packets, each with another comment. */
  readonly rules: Map<string, readonly Rule[]>;
}

export function sharedParts(): SharedParts {
  return { jumps: new Map(), gotos: new Map(), matches: new Map(), addresses: new Map(), rules: new Map() };
}

/** Matches that keep nothing between packets: the state of others belongs to their options' object (match-state.ts). */
const STATELESS: ReadonlySet<keyof Matches> = new Set([
  "addrtype",
  "conntrack",
  "mark",
  "multiport",
  "set",
  "state",
  "tcp",
  "udp",
]);

/** What the match is filed under; null for one that every rule has to have for itself. */
export function matchKey(name: keyof Matches, words: readonly string[], context: RuleContext): string | null {
  return STATELESS.has(name) ? `${name} ${context.family} ${context.protocol} ${words.join("\0")}` : null;
}

/** Whether rules may have the rule's matches and its target in common. */
export function keepsNothing({ matches, target }: Rule): boolean {
  return (
    matches.every(({ name }) => name === "comment" || STATELESS.has(name)) &&
    (target?.kind !== "extension" || target.call.name === "MARK")
  );
}

const VERDICTS = {
  ACCEPT: { kind: "verdict", verdict: "ACCEPT" },
  DROP: { kind: "verdict", verdict: "DROP" },
  RETURN: { kind: "verdict", verdict: "RETURN" },
} as const satisfies Readonly<Record<string, Target>>;

export function verdictTarget(verdict: keyof typeof VERDICTS): Target {
  return VERDICTS[verdict];
}

export function chainTarget(shared: SharedParts, kind: "jump" | "goto", chain: string): Target {
  const targets = kind === "jump" ? shared.jumps : shared.gotos;
  const known = targets.get(chain) ?? { kind, chain };
  targets.set(chain, known);
  return known;
}

const PROTOCOLS: NonNullable<Rule["protocol"]>[] = Array.from({ length: 256 }, (_, number) => ({
  number,
  invert: false,
}));

export function protocolPart(number: number, invert: boolean): NonNullable<Rule["protocol"]> {
  return (invert ? undefined : PROTOCOLS[number]) ?? { number, invert };
}
