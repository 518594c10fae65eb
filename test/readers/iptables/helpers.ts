import { originTable } from "../../../src/model/origin.ts";
import type { Rule } from "../../../src/model/ruleset.ts";
import type { Family } from "../../../src/net/address.ts";
import { printRule } from "../../../src/readers/iptables/print.ts";
import { readRule } from "../../../src/readers/iptables/rule.ts";
import type { RuleReading } from "../../../src/readers/iptables/rule-reading.ts";
import { type IptablesSave, readIptablesSave } from "../../../src/readers/iptables/save.ts";
import { splitWords } from "../../../src/readers/iptables/words.ts";

/** Reads the words after `-A chain` of a table that has the chains `cali-a` and `KUBE-B`. */
export function readWords(text: string, family: Family = 4): RuleReading {
  return readRule(splitWords(text).words, {
    family,
    isChain: (name) => name === "cali-a" || name === "KUBE-B",
    counters: null,
    origin: 0,
  });
}

export function firstRule(text: string, family: Family = 4): Rule {
  const rule = readWords(text, family).rules[0];
  if (rule === undefined) throw new Error(`no rule in ${text}`);
  return rule;
}

/** Every rule of the text, printed. */
export function reprint(text: string, family: Family = 4): readonly string[] {
  return readWords(text, family).rules.map((rule) => printRule(rule, family));
}

export function readSave(text: string, family: Family = 4, backend: "legacy" | "nft" = "legacy"): IptablesSave {
  return readIptablesSave({ text, file: "n1/iptables-save.txt", family, backend }, originTable());
}

export function codes(save: IptablesSave): readonly string[] {
  return save.findings.map((finding) => finding.code);
}
