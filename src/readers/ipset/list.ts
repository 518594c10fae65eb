import type { IpSet } from "../../model/ip-set.ts";
import { type OriginTable, originFile } from "../../model/origin.ts";
import { dumpFindings } from "../dump-findings.ts";
import { dumpLines, quote } from "../dump-text.ts";
import { addXmlFinding, type IpSetDump, isXml, type SetBuilder, setBuilder } from "./set-builder.ts";

const FIELD = /^\s*(Name|Type|Revision|Header|Size in memory|References|Number of entries|Members):\s*(.*)$/;

/** The part of `ipset list` about one set. */
interface Section {
  readonly name: string;
  readonly line: number;
  type: string;
  options: string;
  entries: number | null;
  builder: SetBuilder | null;
  /** Where the dump says that something was left out. */
  cut: boolean;
}

/**
 * Reads `ipset list`. A set without `Members:` (`ipset list -t`, or a dump that ends there), with fewer members than its
 * `Number of entries` (not printed before ipset 6.24), or with an omission is not complete.
 */
export function readIpSetList(text: string, file: string, origins: OriginTable): IpSetDump {
  const { lines, cuts, findings: first } = dumpLines(text, file);
  const findings = dumpFindings(file, first);
  const originOfFile = originFile(origins, file);
  const sets = new Map<string, IpSet>();
  let nextCut = 0;
  let section: Section | null = null;
  const startMembers = (of: Section): SetBuilder =>
    setBuilder(of.name, of.type, of.options, of.line, origins, originOfFile, findings);
  const finish = (): void => {
    if (section === null) return;
    const { name, line, entries, cut } = section;
    const builder = section.builder ?? startMembers(section);
    if (section.builder === null && entries !== 0) {
      builder.incomplete();
      findings.add("truncated-dump", "warning", line, `Set ${name} has no \`Members:\`.`);
    } else if (entries !== null && builder.offered() < entries) {
      builder.incomplete();
      findings.add(
        "truncated-dump",
        "warning",
        line,
        `Set ${name} has ${entries} members, but ${builder.offered()} are listed.`,
      );
    }
    if (cut) builder.incomplete();
    if (sets.has(name))
      findings.add("duplicate-set", "warning", line, `Set ${name} occurs twice; the first one counts.`);
    else sets.set(name, builder.build());
    section = null;
  };
  for (const { number, text: line } of lines) {
    while ((cuts[nextCut] ?? Number.POSITIVE_INFINITY) <= number) {
      nextCut++;
      if (section !== null) section.cut = true;
    }
    const [, field = "", value = ""] = FIELD.exec(line) ?? [];
    if (field === "Name") {
      finish();
      section = { name: value, line: number, type: "", options: "", entries: null, builder: null, cut: false };
    } else if (section === null) {
      if (isXml(line)) {
        addXmlFinding(number, findings);
        break;
      }
      findings.add("unknown-line", "warning", number, `Not a line of \`ipset list\`: ${quote(line)}.`, {
        expected: "`Name: …`",
      });
    } else if (field === "Type") section.type = value;
    else if (field === "Header") section.options = value;
    else if (field === "Number of entries") section.entries = /^\d{1,10}$/.test(value) ? Number(value) : null;
    else if (field === "Members") section.builder = startMembers(section);
    else if (field !== "") continue;
    else if (section.builder !== null) section.builder.add(line, number);
    else findings.add("unknown-line", "warning", number, `Not a line of \`ipset list\`: ${quote(line)}.`);
  }
  if (section !== null && nextCut < cuts.length) section.cut = true;
  finish();
  return { sets, findings: findings.list() };
}
