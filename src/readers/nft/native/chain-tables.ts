import { type Origin, type OriginTable, originAt } from "../../../model/origin.ts";
import type { Chain, ChainTable, Match, Rule } from "../../../model/ruleset.ts";
import type { Family } from "../../../net/address.ts";
import { formatProtocol } from "../../../net/protocol.ts";
import { readRuleText } from "../../iptables/rule.ts";
import { MISSING, type RuleScope } from "../../iptables/rule-reading.ts";
import { sharedParts } from "../../iptables/shared-parts.ts";
import type { FoundChain } from "../found-chain.ts";
import { type NativeReading, readNativeRule } from "./native-rule.ts";
import type { NativeChain, NativeRule, NativeTable } from "./native-table.ts";
import type { Piece } from "./piece.ts";

/** A table of nft's own in terms of iptables, and its rules that podpath models in part only. */
export interface ChainTables {
  readonly tables: { readonly [F in Family]: ChainTable };
  readonly unread: readonly NativeRule[];
}

/** More rules than that for one table are not made. */
const MOST = 20_000;

/** The chains of a table as packets of each family meet them; null for a table that is too large. */
export function chainTables(
  table: NativeTable,
  bases: readonly FoundChain[],
  origins: OriginTable,
  file: number,
): ChainTables | null {
  const unread = new Map<string, NativeRule>();
  let count = 0;
  const ofFamily = (family: Family): ChainTable => {
    const name = `${table.family} ${table.name}`;
    const shared = sharedParts();
    const chains = new Map<string, Chain>();
    // packets of the other family never come to a table of family ip or ip6
    const met = table.family === "inet" || table.family === (family === 4 ? "ip" : "ip6") ? table.chains : [];
    for (const chain of met) {
      const origin = (line: number): Origin => originAt(origins, file, line);
      const rules = chain.rules.flatMap((rule, index) => {
        const reading = count > MOST ? null : readNativeRule(rule.text, family, table.sets);
        if (reading === null) return [];
        const scope: RuleScope = {
          family,
          shared,
          isChain: (wanted) => table.chains.some((one) => one.name === wanted),
          counters: reading.counters,
          origin: origin(rule.line),
        };
        const place = { table: name, chain: chain.name, text: rule.text, index: index + 1, line: rule.line };
        const made = rulesOf(reading, scope, place, (more) => chains.set(more.name, more));
        count += made.length;
        if (reading.unread !== null || made.some(isDoubtful)) unread.set(`${chain.name} ${index}`, rule);
        return made;
      });
      chains.set(chain.name, chainOf(chain, rules, bases, origin(chain.line)));
    }
    return { name, chains };
  };
  const tables = { 4: ofFamily(4), 6: ofFamily(6) };
  return count > MOST ? null : { tables, unread: [...unread.values()] };
}

function chainOf(chain: NativeChain, rules: readonly Rule[], bases: readonly FoundChain[], origin: Origin): Chain {
  const base = bases.find((one) => one.chain === chain.name);
  const plain = { name: chain.name, rules, counters: null, origin };
  if (base === undefined) return { ...plain, policy: null };
  const { type, hook, priority, policy } = base;
  return {
    ...plain,
    policy: policy === "drop" ? "DROP" : "ACCEPT",
    nft: `type ${type} hook ${hook} priority ${priority}; policy ${policy};`,
  };
}

/** A rule with a test or a target that is not understood: a jump to a chain that is not there. */
function isDoubtful({ matches, target }: Rule): boolean {
  return (
    matches.some(({ name }) => name === "unmodelled") ||
    (target?.kind === "extension" && target.call.name === "unmodelled")
  );
}

interface Place {
  readonly table: string;
  readonly chain: string;
  readonly text: string;
  readonly index: number;
  readonly line: number;
}

/** The rules that stand for one of nft's: for each alternative, one for each thing that is done. */
function rulesOf(reading: NativeReading, scope: RuleScope, place: Place, put: (chain: Chain) => void): readonly Rule[] {
  const parsed = new Map<string, Rule>();
  let number = 0;
  return reading.alternatives.flatMap((piece) => {
    if (piece.never === true) return [];
    const { targets } = reading;
    // a rule that is not read to its end may do anything
    const unknownEnd = reading.unread !== null && piece.verdict === undefined && targets.length === 0 ? [MISSING] : [];
    const done = piece.verdict === undefined ? [...targets, ...unknownEnd] : [...targets, piece.verdict];
    if (done.length > 1 && reading.isAskedOnce) {
      const name = `${place.chain}#${place.index}.${++number}`;
      const plain = { ...reading, words: [], unread: null };
      const protocol = piece.protocol === undefined ? {} : { protocol: piece.protocol };
      const rules = done.map((target) => {
        const words = [...protocolWords(protocol), target].join(" ");
        return completed(readRuleText(words, scope).rules[0], {}, plain, scope, place);
      });
      put({ name, policy: null, rules, counters: null, origin: scope.origin });
      // what returns from there returns from here
      const isEnd = /^-g |^-j RETURN/.test(done.at(-1) ?? "");
      const target = { kind: isEnd ? "goto" : "jump", chain: name } as const;
      const words = [...protocolWords(piece), ...reading.words].join(" ");
      return [{ ...completed(readRuleText(words, scope).rules[0], piece, reading, scope, place), target }];
    }
    return (done.length === 0 ? [""] : done).map((target): Rule => {
      const words = [...protocolWords(piece), ...reading.words, target].join(" ");
      const known = parsed.get(words) ?? readRuleText(words, scope).rules[0];
      if (known !== undefined) parsed.set(words, known);
      return completed(known, piece, reading, scope, place);
    });
  });
}

function protocolWords({ protocol, notProtocol }: Piece): readonly string[] {
  if (protocol !== undefined) return ["-p", formatProtocol(protocol)];
  return notProtocol === undefined ? [] : ["!", "-p", formatProtocol(notProtocol)];
}

function completed(
  known: Rule | undefined,
  piece: Piece,
  { unread, counters }: NativeReading,
  scope: RuleScope,
  { table, text, index, line }: Place,
): Rule {
  const damage = { line, lost: false, nft: { table, text } };
  const doubt: Match = { name: "unmodelled", options: { extension: "", arguments: [MISSING], damage } };
  const isLost = (match: Match): boolean => match.name === "unmodelled" && match.options.extension === "";
  const read = known?.matches ?? [];
  const isUnsure = unread !== null || known === undefined || read.some(isLost);
  const matches = [...(piece.matches ?? []), ...read.filter((match) => !isLost(match)), ...(isUnsure ? [doubt] : [])];
  const target = known?.target ?? null;
  const isUntold = target?.kind === "extension" && target.call.name === "unmodelled";
  return {
    source: known?.source ?? null,
    destination: known?.destination ?? null,
    inInterface: piece.inInterface ?? known?.inInterface ?? null,
    outInterface: piece.outInterface ?? known?.outInterface ?? null,
    protocol: known?.protocol ?? null,
    fragment: known?.fragment ?? null,
    matches,
    target: isUntold
      ? { kind: "extension", call: { name: "unmodelled", options: { ...target.call.options, damage } } }
      : target,
    counters,
    origin: scope.origin,
    nft: { text, index },
  };
}
