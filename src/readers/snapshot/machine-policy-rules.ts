import { append } from "../../model/append.ts";
import type { HostPart, Knowledge } from "../../model/host.ts";
import { defaultPolicyRules, type PolicyRule } from "../../model/policy-rule.ts";
import { type Route, TABLE_DEFAULT, TABLE_LOCAL, TABLE_MAIN } from "../../model/route.ts";
import { readPolicyRules } from "../ip/rule.ts";
import { type Chosen, note, type Reading } from "./reading.ts";

const KNOWN_TABLES: ReadonlySet<number> = new Set([TABLE_MAIN, TABLE_LOCAL, TABLE_DEFAULT]);

export function readMachinePolicyRules(
  folder: string,
  chosen: Chosen,
  routes: readonly Route[],
  knowledge: Map<HostPart, Knowledge>,
  reading: Reading,
): readonly PolicyRule[] {
  const rules: PolicyRule[] = [];
  for (const family of [4, 6] as const) {
    const file = chosen("policy-rules").find((one) => one.role.family === family && one.file.text.trim() !== "");
    const dump = file && readPolicyRules(file.file.text, file.file.path, reading.origins, family);
    if (file && dump) {
      note(reading, file.file, family === 6 ? "ip -6 rule" : "ip rule", dump.rules.length, dump.findings);
      append(rules, dump.rules);
      continue;
    }
    append(rules, defaultPolicyRules(family));
    const other = routes.find((route) => route.family === family && !KNOWN_TABLES.has(route.table));
    if (other === undefined) {
      if (knowledge.get("policyRules") === undefined) knowledge.set("policyRules", "derived");
      continue;
    }
    // somebody made a table, and so probably a rule that uses it
    knowledge.set("policyRules", "unknown");
    reading.findings.push({
      code: "rules-for-table-missing",
      severity: "warning",
      message: `There are routes in table ${other.table}, and no dump of the rules that lead there.`,
      file: folder,
      advice: `Collect ${family === 6 ? "ip -6 rule into ip-rule-v6.txt" : "ip rule into ip-rule.txt"}.`,
    });
  }
  return rules;
}
