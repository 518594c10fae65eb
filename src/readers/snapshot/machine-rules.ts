import { append } from "../../model/append.ts";
import type { HostPart, Knowledge } from "../../model/host.ts";
import type { Ruleset } from "../../model/ruleset.ts";
import type { Family } from "../../net/address.ts";
import { openIptablesSave } from "../iptables/open-save.ts";
import { readIptablesSave } from "../iptables/save.ts";
import { readNftIptablesRules } from "../nft/iptables-rules.ts";
import type { MachineFiles } from "./layout.ts";
import { type Chosen, note, one, type Reading } from "./reading.ts";

export function readRulesets(
  machine: MachineFiles,
  chosen: Chosen,
  knowledge: Map<HostPart, Knowledge>,
  reading: Reading,
  mode: "read" | "open",
): readonly Ruleset[] {
  const versions = one(chosen, "versions")?.file.text ?? "";
  const printed = /^ip6?tables v\S+ \((nf_tables|legacy)\)/m.exec(versions)?.[1];
  const rulesets: Ruleset[] = [];
  const backends = new Set<"legacy" | "nft">();
  const told = new Set<Family>();
  const empty = new Set<Family>();
  let legacyIsMissing = false;
  const files = chosen("rules");
  for (const { role, file } of files) {
    const family = role.family ?? 4;
    if (role.backend === null && files.some((one) => one.role.family === family && one.role.backend !== null)) {
      reading.findings.push({
        code: "same-dump-twice",
        severity: "info",
        message: "The rules of each backend are in files of their own; those are read.",
        file: file.path,
      });
      continue;
    }
    // iptables-save without a name is the backend of `iptables -V`; nft is the default of current distributions
    const backend = role.backend ?? (printed === "legacy" ? "legacy" : "nft");
    const input = { text: file.text, file: file.path, family, backend, known: reading.known.rules };
    const opened =
      mode === "open" ? openIptablesSave(input, reading.origins, (found) => append(reading.findings, found)) : null;
    const dump = opened ?? readIptablesSave(input, reading.origins);
    const as = `${family === 4 ? "iptables-save" : "ip6tables-save"} (${backend})`;
    note(reading, file, as, dump.ruleCount, dump.findings);
    // a backend without a table prints nothing: that is a fact, but not about the other one
    const isEmpty = file.text.trim() === "";
    if (isEmpty) {
      backends.add(backend);
      empty.add(family);
    }
    if (dump.notes.legacyTablesPresent) legacyIsMissing = true;
    for (const ruleset of dump.rulesets) {
      const part: HostPart = ruleset.family === 4 ? "rules" : "rules6";
      const same = rulesets.findIndex((one) => one.family === ruleset.family && one.backend === ruleset.backend);
      backends.add(ruleset.backend);
      if (!isEmpty) told.add(ruleset.family);
      if (same < 0) rulesets.push(ruleset);
      // several families pasted into one file: what the other file has counts where both have it
      else rulesets[same] = { ...ruleset, tables: new Map([...ruleset.tables, ...(rulesets[same]?.tables ?? [])]) };
      if (dump.notes.partial && knowledge.get(part) === undefined) knowledge.set(part, "assumed");
    }
    for (const cut of dump.notes.incomplete) knowledge.set(cut.family === 4 ? "rules" : "rules6", "unknown");
  }
  for (const ruleset of rulesOfNft(chosen, told, reading)) {
    rulesets.push(ruleset);
    backends.add("nft");
    told.add(ruleset.family);
  }
  for (const family of [4, 6] as const) {
    if (told.has(family) || (empty.has(family) && backends.size >= 2)) continue;
    knowledge.set(family === 4 ? "rules" : "rules6", machine.kind === "node" ? "unknown" : "assumed");
  }
  if (backends.size >= 2) return rulesets;
  legacyIsMissing &&= !backends.has("legacy");
  knowledge.set("otherBackend", legacyIsMissing ? "unknown" : "assumed");
  if (legacyIsMissing) {
    reading.findings.push({
      code: "other-backend-missing",
      severity: "warning",
      message: "iptables warns that there are legacy tables too; they are not in the snapshot.",
      file: machine.folder,
      advice: "Collect iptables-legacy-save into iptables-legacy-save.txt.",
    });
  }
  return rulesets;
}

/** Of families that nobody dumped with iptables-save, what `nft list ruleset` tells of the tables of iptables-nft. */
function rulesOfNft(chosen: Chosen, told: ReadonlySet<Family>, reading: Reading): readonly Ruleset[] {
  const file = told.size === 2 ? null : (one(chosen, "nft")?.file ?? null);
  if (file === null) return [];
  const dump = readNftIptablesRules(file.text, file.path, reading.origins);
  const missing = dump.rulesets.filter(({ family }) => !told.has(family));
  if (missing.length === 0) return [];
  append(reading.findings, dump.findings);
  return missing;
}
