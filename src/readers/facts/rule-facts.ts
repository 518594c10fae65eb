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
import { readIpSetSave } from "../ipset/save.ts";
import { printRule } from "../iptables/print.ts";
import { readIptablesSave } from "../iptables/save.ts";
import { readSockets } from "../ss.ts";
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
      const rules = readRules(
        words.slice(words.indexOf(action)),
        table,
        new Map(chains).set(chain, known),
        family,
        context,
      );
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

/** The rules of one line, read among the chains of its table; null when it was not understood. */
function readRules(
  line: string,
  table: TableName,
  chains: ReadonlyMap<string, Chain>,
  family: Family,
  context: FactContext,
): readonly Rule[] | null {
  const declared = [...chains.values()].map(({ name, policy }) => `:${name} ${policy ?? "-"} [0:0]`);
  const text = [
    `*${table}`,
    ...declared,
    line.replace(/^(-I|--insert)(\s+\S+)\s+\d+(?=\s)/, "$1$2"),
    "COMMIT",
    "",
  ].join("\n");
  const save = readIptablesSave({ text, file: context.file, family, backend: "legacy" }, context.origins);
  if (!context.understood(save.findings)) return null;
  const found = [...(save.rulesets[0]?.tables.get(table)?.chains.values() ?? [])].flatMap((chain) => chain.rules);
  if (found.length === 0) context.refuse(1, "This is no rule of this family.", EXAMPLES.rule);
  return found.map((rule) => ({ ...rule, origin: context.origin }));
}

const SET_ADD = /^add\s+(\S+)\s+\S/;

export const setFact: ApplyFact = (words, draft, host, context) => {
  const name = SET_ADD.exec(words)?.[1] ?? null;
  const known = name === null ? undefined : draft.ipSets.get(name);
  if (name !== null && known === undefined) {
    context.refuse(5, `No dump and no earlier fact has a set ${name}.`, "`set create NAME TYPE` before it");
    return;
  }
  const family = known?.family === 6 ? " family inet6" : "";
  const text =
    known === undefined ? words : `create ${known.name} ${known.type}${known.family === null ? "" : family}\n${words}`;
  const dump = readIpSetSave(text, context.file, context.origins);
  if (!context.understood(dump.findings)) return;
  const [read] = dump.sets.values();
  if (read === undefined) {
    context.refuse(1, "This is no line of ipset save.", EXAMPLES.set);
    return;
  }
  if (known === undefined) {
    if (!draft.ipSets.has(read.name)) draft.ipSets.set(read.name, { ...read, origin: context.origin });
  } else {
    const print = (member: (typeof read.members)[number]): string => JSON.stringify({ ...member, origin: 0 });
    const texts = new Set(known.members.map(print));
    const added = read.members
      .filter((member) => !texts.has(print(member)))
      .map((member) => ({ ...member, origin: context.origin }));
    draft.ipSets.set(known.name, { ...known, members: [...known.members, ...added] });
  }
  told(draft, host, "sets");
};

const SOCKET = /^(tcp|udp|sctp)\s+(\S+:\d+|\d+)$/;

export const socketFact: ApplyFact = (words, draft, _host, context) => {
  const [, protocol = "", place = ""] = SOCKET.exec(words) ?? [];
  const local = /^\d+$/.test(place) ? `*:${place}` : place;
  const state = protocol === "udp" ? "UNCONN" : "LISTEN";
  const dump = readSockets(`${protocol} ${state} 0 0 ${local} *:*`, context.file, context.origins);
  const [read] = dump.sockets;
  if (protocol === "" || read === undefined) {
    context.refuse(1, "This is no socket.", EXAMPLES.socket);
    return;
  }
  draft.sockets = [...draft.sockets, { ...read, origin: context.origin }];
};
