import type { IpSet } from "../../model/ip-set.ts";
import { type OriginTable, originFile } from "../../model/origin.ts";
import { dumpFindings } from "../dump-findings.ts";
import { dumpLines, quote } from "../dump-text.ts";
import { addXmlFinding, type IpSetDump, isXml, type SetBuilder, setBuilder } from "./set-builder.ts";

const CREATE = /^\s*(?:create|-N|n)\s+(\S+)\s+(\S+)(?:\s+(.*))?$/;
const ADD = /^\s*(?:add|-A|a)\s+(\S+)\s+(.*)$/;

/** Commands of `ipset restore` that files of people and daemons hold, and that leave a set with fewer members. */
const REMOVING = /^\s*(?:del|flush|destroy|swap|rename)\b/;

/** Reads `ipset save`. */
export function readIpSetSave(text: string, file: string, origins: OriginTable): IpSetDump {
  const { lines, cuts, findings: first } = dumpLines(text, file);
  const findings = dumpFindings(file, first);
  const originOfFile = originFile(origins, file);
  const builders = new Map<string, SetBuilder>();
  let last: SetBuilder | null = null;
  let nextCut = 0;
  const cutBefore = (line: number): void => {
    while ((cuts[nextCut] ?? Number.POSITIVE_INFINITY) <= line) {
      nextCut++;
      last?.incomplete();
    }
  };
  for (const { number, text: line } of lines) {
    cutBefore(number);
    const added = ADD.exec(line);
    if (added !== null) {
      const [, name = "", member = ""] = added;
      const builder = builders.get(name);
      if (builder === undefined) {
        findings.add(
          "unknown-set",
          "warning",
          number,
          `A member of ${quote(name)}, which is not created in this file.`,
        );
      } else {
        last = builder;
        builder.add(member, number);
      }
      continue;
    }
    const created = CREATE.exec(line);
    if (created !== null) {
      const [, name = "", type = "", options = ""] = created;
      if (builders.has(name)) {
        findings.add(
          "duplicate-set",
          "warning",
          number,
          `Set ${name} is created twice; members of both are taken together.`,
        );
        last = builders.get(name) ?? null;
        continue;
      }
      last = setBuilder(name, type, options, number, origins, originOfFile, findings);
      builders.set(name, last);
    } else if (isXml(line)) {
      addXmlFinding(number, findings);
      break;
    } else if (REMOVING.test(line)) {
      findings.add("unmodelled-command", "warning", number, `${quote(line)} is not carried out.`);
    } else if (!/^\s*(?:#|COMMIT\b|quit\b)/.test(line)) {
      findings.add("unknown-line", "warning", number, `Not a line of \`ipset save\`: ${quote(line)}.`, {
        expected: "`create NAME TYPE …` or `add NAME MEMBER`",
      });
      last?.incomplete();
    }
  }
  cutBefore(Number.MAX_SAFE_INTEGER);
  const sets = new Map<string, IpSet>();
  for (const builder of builders.values()) sets.set(builder.name, builder.build());
  return { sets, findings: findings.list() };
}
