import { rememberConntrackNeed } from "../../linux/netfilter/needs-conntrack.ts";
import type { Finding } from "../../model/finding.ts";
import { type OriginTable, originAt, originFile } from "../../model/origin.ts";
import type { Chain, Rule, Ruleset, Table, TableName } from "../../model/ruleset.ts";
import { dumpFindings } from "../dump-findings.ts";
import { type PlainTable, plainTables } from "./plain-save.ts";
import { loadable } from "./rule-classes.ts";
import type { IptablesSave, IptablesSaveInput } from "./save.ts";
import { type SharedParts, sharedParts } from "./shared-parts.ts";
import { type BlockContext, type RuleLine, readBlock } from "./table-block.ts";

/**
 * `readIptablesSave` for those who ask about few packets: a chain's rules are read when somebody looks at them, and what is odd about them is
 * reported then. Null where not all of the text is as the tool prints it, or where the kernel might have refused a rule: then all of it
 * has to be read.
 */
export function openIptablesSave(
  input: IptablesSaveInput,
  origins: OriginTable,
  report: (findings: readonly Finding[]) => void,
): IptablesSave | null {
  const tables = plainTables(input.text, input.family, input.backend);
  if (tables === null) return null;
  const shared = sharedParts();
  const opened: { readonly table: Table; readonly plain: PlainTable }[] = [];
  for (const plain of tables) {
    const needs = loadable(plain, shared);
    if (needs === null) return null;
    const table = openTable(plain, { input, origins, shared, report });
    rememberConntrackNeed(table.chains, needs.conntrack);
    opened.push({ table, plain });
  }
  const rulesets: { -readonly [K in keyof Ruleset]: Ruleset[K] }[] = [];
  for (const { table, plain } of opened) {
    const { family, backend } = plain;
    const own = rulesets.find((one) => one.family === family && one.backend === backend);
    if (own === undefined) rulesets.push({ family, backend, tables: new Map([[table.name, table]]) });
    else if (own.tables.has(table.name)) return null;
    else own.tables = new Map<TableName, Table>([...own.tables, [table.name, table]]);
  }
  return {
    rulesets,
    ruleCount: tables.reduce((sum, { rules }) => sum + rules, 0),
    findings: [],
    notes: { legacyTablesPresent: false, incomplete: [], partial: false },
  };
}

interface Opening {
  readonly input: IptablesSaveInput;
  readonly origins: OriginTable;
  readonly shared: SharedParts;
  report(findings: readonly Finding[]): void;
}

function openTable(plain: PlainTable, opening: Opening): Table {
  const { origins, input } = opening;
  const file = originFile(origins, input.file);
  const chains = new Map<string, Chain>();
  for (const { name, policy, counters, line } of plain.chains.values()) {
    let rules: readonly Rule[] | null = null;
    chains.set(name, {
      name,
      policy,
      counters,
      origin: originAt(origins, file, line),
      get rules() {
        rules ??= readChain(name, plain, file, opening);
        return rules;
      },
    });
  }
  return { name: plain.name, chains };
}

function readChain(name: string, plain: PlainTable, file: number, opening: Opening): readonly Rule[] {
  const { input, origins, shared } = opening;
  const chain = plain.chains.get(name);
  if (chain === undefined || chain.rules.length === 0) return [];
  const findings = dumpFindings(input.file);
  const { known } = input;
  const declared = plain.userChains;
  const context: BlockContext = {
    findings,
    origins,
    file,
    shared,
    declared,
    ...(known === undefined ? {} : { known }),
  };
  const { policy, counters, line } = chain;
  const read = readBlock(
    {
      table: plain.name,
      family: plain.family,
      backend: plain.backend,
      line: plain.line,
      chains: [{ name, policy: policy ?? "-", counters, line }],
      rules: chain.rules.map((index) => ruleLine(plain.lines[index] ?? "", index + 1)),
      gapBefore: false,
    },
    context,
  );
  opening.report(findings.list());
  return read.chains.get(name)?.rules ?? [];
}

const COUNTERS = /^\[(\d+):(\d+)\] /;

function ruleLine(line: string, number: number): RuleLine {
  const counted = line.startsWith("[") ? COUNTERS.exec(line) : null;
  const start = counted?.[0].length ?? 0;
  return {
    text: line.slice(start),
    column: start + 1,
    counters: counted === null ? null : { packets: Number(counted[1]), bytes: Number(counted[2]) },
    line: number,
    continuations: null,
    cut: false,
    gapAfter: false,
  };
}
