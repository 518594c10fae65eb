import { describe, expect, it } from "vitest";
import type { Finding } from "../../../src/model/finding.ts";
import { originTable } from "../../../src/model/origin.ts";
import { printRuleset } from "../../../src/readers/iptables/print.ts";
import { type IptablesSave, readIptablesSave } from "../../../src/readers/iptables/save.ts";
import type { Recorded } from "./refusal-tables.ts";
import { recordedPlaces, recordedRefusals } from "./refusal-tables.ts";

function read({ family, backend, text }: Recorded): IptablesSave {
  return readIptablesSave({ text, file: "rules", family, backend }, originTable());
}

/** Built-in chains stand undeclared in these rulesets, which iptables-restore does not mind. */
function objections({ findings }: IptablesSave): readonly Finding[] {
  return findings.filter(({ code, message }) => code !== "undeclared-chain" || !message.includes("ACCEPT is assumed"));
}

/** Sets are no part of the text, and an option that iptables 1.8 does not know may be one of another version. */
const ELSEWHERE = /-set (?:nosuch|hi|hip) |--nosuch/;

describe("rulesets that iptables refuses", () => {
  const refused = recordedRefusals().filter(({ says, text }) => says !== "ok" && !ELSEWHERE.test(text));
  it.each(
    refused.map((item) => [`${item.backend} IPv${item.family}: ${item.text.replaceAll("\n", " ; ")}`, item] as const),
  )("%s is reported with its line", (_, item) => {
    const found = objections(read(item));
    expect(found.filter(({ severity, line }) => severity !== "info" && line !== undefined)).not.toEqual([]);
  });

  const taken = recordedRefusals().filter(({ says, text }) => says === "ok" && !ELSEWHERE.test(text));
  it.each(
    taken.map((item) => [`${item.backend} IPv${item.family}: ${item.text.replaceAll("\n", " ; ")}`, item] as const),
  )("%s is not, since it is taken", (_, item) => {
    expect(objections(read(item)).filter(({ code }) => code.startsWith("refused"))).toEqual([]);
  });
});

describe("extensions outside their place", () => {
  it("are refused in exactly the tables and chains in which the kernel refuses them", () => {
    const wrong: string[] = [];
    let refused = 0;
    for (const item of recordedPlaces()) {
      const codes = objections(read(item)).map(({ code }) => code);
      const ours = codes.some((code) => code !== "unmodelled-match" && code !== "unmodelled-target");
      if (item.says !== "ok") refused++;
      if (ours !== (item.says !== "ok")) wrong.push(`IPv${item.family} ${item.backend} ${item.text} ${codes.join()}`);
    }
    expect(wrong).toEqual([]);
    expect(refused).toBeGreaterThan(1000);
  });
});

describe("a refused rule", () => {
  const text = [
    "*nat",
    ":PREROUTING ACCEPT [0:0]",
    ":POSTROUTING ACCEPT [0:0]",
    "-A PREROUTING -p tcp -j MASQUERADE",
    "-A POSTROUTING -o eth0 -j MASQUERADE",
    "COMMIT",
    "",
  ].join("\n");

  it("is said with the kernel's words, and with the tool's", () => {
    const save = readIptablesSave({ text, file: "rules", family: 4, backend: "nft" }, originTable());
    expect(save.findings).toEqual([
      {
        code: "refused-hook",
        severity: "error",
        file: "rules",
        line: 4,
        message:
          "The kernel cannot hold this rule of chain PREROUTING (table nat), so it is left out: " +
          "x_tables: ip_tables: MASQUERADE target: used from hooks PREROUTING, but only usable from POSTROUTING.",
        advice: 'Loading it fails: iptables-nft says "RULE_APPEND failed (Invalid argument): rule in chain PREROUTING"',
      },
    ]);
  });

  it("stays in the text as it was, beside the rules that are good", () => {
    const save = readIptablesSave({ text, file: "rules", family: 4, backend: "nft" }, originTable());
    expect(save.rulesets.map((ruleset) => printRuleset(ruleset)).join("")).toContain(
      "-A PREROUTING -p tcp -j MASQUERADE\n-A POSTROUTING -o eth0 -j MASQUERADE\n",
    );
  });
});
