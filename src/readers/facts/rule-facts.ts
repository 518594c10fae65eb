import { isKnownMatch, isKnownTarget, matchNames, targetNames } from "../../linux/netfilter/known-extensions.ts";
import { refusedRules } from "../../linux/netfilter/refused-rules.ts";
import { nearest } from "../../model/nearest.ts";
import {
  BUILT_IN_CHAINS,
  type Chain,
  isTableName,
  type Rule,
  type Ruleset,
  type Table,
  type TableName,
} from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { printRule } from "../iptables/print.ts";
import { readRule } from "../iptables/rule.ts";
import { splitWords } from "../iptables/words.ts";
import { type FactContext, told } from "./host-draft.ts";
import type { ApplyFact } from "./network-facts.ts";
import { EXAMPLES } from "./statement.ts";

const RULE =
  /^(?:-t\s+)?(?:(raw|mangle|nat|filter|security)\s+)?(-[AIPN]|--append|--insert|--policy|--new-chain)\s+(\S+)(?:\s+(.*))?$/;

/** `-A CHAIN …`, `-I CHAIN [n] …`, `-P CHAIN POLICY` or `-N CHAIN`, of table filter unless another is named. */
export const ruleFact =
  (family: Family): ApplyFact =>
  (words, draft, host, context) => {
    const found = RULE.exec(words);
    if (found === null) {
      context.refuse(1, "This is no rule.", EXAMPLES.rule);
      return;
    }
    const [, name = "filter", action = "", chain = "", rest = ""] = found;
    const table = isTableName(name) ? name : "filter";
    const none: Ruleset = { family, backend: "nft", tables: new Map() };
    const ruleset = draft.rulesets.find((one) => one.family === family) ?? none;
    const tables = new Map<TableName, Table>(ruleset.tables);
    const chains = new Map<string, Chain>(tables.get(table)?.chains ?? []);
    const isBuiltIn = BUILT_IN_CHAINS[table].includes(chain);
    const known: Chain = chains.get(chain) ?? {
      name: chain,
      policy: isBuiltIn ? "ACCEPT" : null,
      rules: [],
      counters: null,
      origin: context.origin,
    };
    if (action === "-P" || action === "--policy") {
      if (!isBuiltIn || (rest !== "ACCEPT" && rest !== "DROP")) {
        context.refuse(
          words.length - rest.length + 1,
          `“-P ${chain} ${rest}” sets no policy.`,
          "a built-in chain of the table, and ACCEPT or DROP",
        );
        return;
      }
      if (chains.has(chain) && known.policy !== rest)
        context.contradicts(known.origin, `The dump has policy ${known.policy} for ${chain}.`);
      chains.set(chain, { ...known, policy: rest, origin: context.origin });
    } else if (action === "-N" || action === "--new-chain") {
      chains.set(chain, known);
    } else {
      const place = { table, chains: new Map(chains).set(chain, known), chain: known };
      const rules = readRules(words, action, place, family, context);
      if (rules === null) return;
      const texts = new Set(known.rules.map((rule) => printRule(rule, family)));
      const added = rules.filter((rule) => !texts.has(printRule(rule, family)));
      const position =
        action === "-A" || action === "--append" ? known.rules.length : Number(/^(\d+)\s/.exec(rest)?.[1] ?? 1) - 1;
      chains.set(chain, {
        ...known,
        rules: [...known.rules.slice(0, position), ...added, ...known.rules.slice(position)],
      });
    }
    tables.set(table, { name: table, chains });
    const changed: Ruleset = { ...ruleset, tables };
    draft.rulesets = draft.rulesets.includes(ruleset)
      ? draft.rulesets.map((one) => (one === ruleset ? changed : one))
      : [...draft.rulesets, changed];
    told(draft, host, family === 4 ? "rules" : "rules6");
  };

/** The rules of one line, read among the chains of its table; null when it was not understood, or the kernel would refuse them. */
function readRules(
  words: string,
  action: string,
  {
    table,
    chains,
    chain,
  }: { readonly table: TableName; readonly chains: ReadonlyMap<string, Chain>; readonly chain: Chain },
  family: Family,
  context: FactContext,
): readonly Rule[] | null {
  const start = words.indexOf(action);
  const split = splitWords(words.slice(start)).words;
  const isNumbered = action !== "-A" && action !== "--append" && /^\d+$/.test(split[2]?.text ?? "");
  const { rules, problems } = readRule(split.slice(isNumbered ? 3 : 2), {
    family,
    isChain: (name) => chains.get(name)?.policy === null,
    counters: null,
    origin: context.origin,
  });
  for (const { code, severity, message, column, expected } of problems) {
    const word = split.find((one) => one.column === column)?.text ?? "";
    const meant = misspelt(
      code,
      split[split.findIndex((one) => one.column === column) + 1]?.text ?? word,
      word,
      family,
    );
    // a chain that nobody told of may be there
    if (meant === null && (severity === "info" || code === "undeclared-chain")) continue;
    context.refuse(
      column + start,
      meant === null || message.includes("Did you mean") ? message : `${message} Did you mean ${meant}?`,
      expected,
    );
    return null;
  }
  if (rules.length === 0) {
    context.refuse(1, "This is no rule of this family.", EXAMPLES.rule);
    return null;
  }
  const among = new Map(chains).set(chain.name, { ...chain, rules: [...chain.rules, ...rules] });
  const refusal = refusedRules({ name: table, chains: among }, family, "nft").find(({ rule }) => rules.includes(rule));
  if (refusal === undefined) return rules;
  context.refuse(1, `The kernel cannot hold this rule in chain ${chain.name} of table ${table}: ${refusal.complaint}`);
  return null;
}

/** The extension that a word nobody knows was probably meant to be; null where it may be a chain, or one of somebody's own. */
function misspelt(code: string, next: string, word: string, family: Family): string | null {
  const isTarget = code === "undeclared-chain";
  if (!isTarget && code !== "unmodelled-match") return null;
  const written = word.startsWith("-") ? next : word;
  const known = isTarget ? ["ACCEPT", "DROP", "RETURN", ...targetNames()] : matchNames();
  const isKnown = isTarget ? isKnownTarget : isKnownMatch;
  if (isKnown(written, family)) return null;
  const like = known.filter((name) => name[0] === written[0] && Math.abs(name.length - written.length) <= 1);
  return nearest(written, like, 1)[0] ?? null;
}
