import type { Finding } from "../../model/finding.ts";
import { type OriginTable, originAt, originFile } from "../../model/origin.ts";
import type { PolicyRule } from "../../model/policy-rule.ts";
import type { Family } from "../../net/address.ts";
import { dumpFindings } from "../dump-findings.ts";
import { dumpLines } from "../dump-text.ts";
import { isJsonDump, jsonElements } from "../json-fields.ts";
import { buildRule } from "./rule-build.ts";
import { writtenJsonRule } from "./rule-json.ts";
import { writtenTextRule } from "./rule-text.ts";

export interface PolicyRuleDump {
  /** In the order written, which is the order of priority. */
  readonly rules: readonly PolicyRule[];
  readonly findings: readonly Finding[];
}

/** Reads `ip [-4|-6] [-d] [-j] rule`, text or JSON. Rules do not name their family: it is the one that was asked for. */
export function readPolicyRules(text: string, file: string, origins: OriginTable, family: Family = 4): PolicyRuleDump {
  const { lines, findings: first } = dumpLines(text, file);
  const findings = dumpFindings(file, first);
  const originOfFile = originFile(origins, file);
  const rules: PolicyRule[] = [];
  const written = isJsonDump(lines)
    ? jsonElements(lines, findings).map((element) => writtenJsonRule(element, findings))
    : lines.map((line) => writtenTextRule(line, findings));
  for (const entry of written) {
    if (entry === null) continue;
    const rule = buildRule(entry, family, findings);
    if (rule !== null) rules.push({ ...rule, origin: originAt(origins, originOfFile, entry.line) });
  }
  return { rules, findings: findings.list() };
}
