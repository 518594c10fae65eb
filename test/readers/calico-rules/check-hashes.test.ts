import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Finding } from "../../../src/model/finding.ts";
import { originTable } from "../../../src/model/origin.ts";
import { checkCalicoRules } from "../../../src/readers/calico-rules/check-hashes.ts";
import { printRuleset } from "../../../src/readers/iptables/print.ts";
import { readIptablesSave } from "../../../src/readers/iptables/save.ts";
import { upstreamText, withUpstreamData } from "../../calico/upstream-data.ts";
import { processorTime } from "../../processor-time.ts";

const NAMES = { sets: ["cali40all-hosts-net", "cali40masq-ipam-pools", "cali40s:AAAA"], devices: ["eth0"] };

function check(text: string): { readonly printed: string; readonly findings: readonly Finding[] } {
  const origins = originTable();
  const { rulesets } = readIptablesSave({ text, file: "f", family: 4, backend: "nft" }, origins);
  const checked = checkCalicoRules(rulesets, { names: () => NAMES, origins });
  return { printed: checked.rulesets.map((ruleset) => printRuleset(ruleset)).join(""), findings: checked.findings };
}

/** A table `filter` with the one chain. */
function chainOf(chain: string, ...rules: readonly string[]): string {
  const own = chain.startsWith("cali-") ? [`:${chain} - [0:0]`] : [];
  const targets = new Set(rules.flatMap((rule) => /-[jg] (cali-\S+)/.exec(rule)?.[1] ?? []));
  return [
    "*filter",
    ":INPUT ACCEPT [0:0]",
    ":FORWARD ACCEPT [0:0]",
    ":OUTPUT ACCEPT [0:0]",
    ...own,
    ...[...targets].map((one) => `:${one} - [0:0]`),
    ...rules,
    "COMMIT",
    "",
  ].join("\n");
}

const OUTPUT = [
  '-A cali-OUTPUT -m comment --comment "cali:Mq1_rAdXXH3YkrzW" -m mark --mark 0x10000/0x10000 -j ACCEPT',
  '-A cali-OUTPUT -o cali+ -m comment --comment "cali:69FkRTJDvD5Vu6Vl" -j RETURN',
  '-A cali-OUTPUT -m comment --comment "cali:Fskumj4SGQtDV6GC" -j MARK --set-xmark 0x0/0xf0000',
  '-A cali-OUTPUT -m comment --comment "cali:1F4VWEsQu0QbRwKf" -m conntrack ! --ctstate DNAT -j cali-to-host-endpoint',
  '-A cali-OUTPUT -m comment --comment "cali:m8Eqm15x1MjD24LD" -m comment --comment "Host endpoint policy accepted packet." -m mark --mark 0x10000/0x10000 -j ACCEPT',
];

describe("the hashes in the comments of Calico's rules", () => {
  test("prove rules that are whole", () => {
    expect(check(chainOf("cali-OUTPUT", ...OUTPUT)).findings).toEqual([]);
  });

  test.each([
    [
      "-m mark, as another version of iptables-nft prints it",
      0,
      " -m mark --mark 0x10000/0x10000",
      "-m mark --mark 0x10000/0x10000",
    ],
    ["the device, as iptables -L without -v prints it", 1, " -o cali+", "--out-interface cali+"],
    ["the negation", 3, " ! --ctstate", "-m conntrack ! --ctstate DNAT"],
    ["all it tests", 3, " -m conntrack ! --ctstate DNAT", "-m conntrack ! --ctstate DNAT --jump cali-to-host-endpoint"],
  ])("give back %s", (_, at, piece, lost) => {
    const whole = check(chainOf("cali-OUTPUT", ...OUTPUT)).printed;
    const damaged = OUTPUT.map((rule, i) =>
      i === at ? rule.replace(piece, piece === " ! --ctstate" ? " --ctstate" : "") : rule,
    );
    expect(damaged).not.toEqual(OUTPUT);
    const { printed, findings } = check(chainOf("cali-OUTPUT", ...damaged));
    expect(findings).toMatchObject([{ code: "calico-rule-repaired", severity: "info", line: at + 7 }]);
    expect(findings[0]?.message).toContain(`“${lost}”`);
    expect(printed).toBe(whole);
  });

  test("tell --random-fully, of which iptables before 1.6.2 knows nothing", () => {
    const nat = (more: string): string =>
      `*nat\n:POSTROUTING ACCEPT [0:0]\n:cali-nat-outgoing - [0:0]\n-A cali-nat-outgoing -m comment --comment "cali:flqWnvo8yq4ULQLa" -m set --match-set cali40masq-ipam-pools src -m set ! --match-set cali40all-ipam-pools dst -j MASQUERADE${more}\nCOMMIT\n`;
    const { printed, findings } = check(nat(""));
    expect(findings).toMatchObject([{ code: "calico-rule-repaired", line: 4 }]);
    expect(printed).toBe(check(nat(" --random-fully")).printed);
    expect(check(nat(" --random-fully")).findings).toEqual([]);
  });

  test("tell what Felix inserted from what it appended to a chain of the kernel", () => {
    const forward = [
      '-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD',
      "-A FORWARD -j ACCEPT",
      '-A FORWARD -m comment --comment "cali:S93hcgKJrXEqnTfs" -m comment --comment "Policy explicitly accepted packet." -m mark --mark 0x10000/0x10000 -j ACCEPT',
      '-A FORWARD -m comment --comment "cali:mp77cMpurHhyjLrM" -j MARK --set-xmark 0x10000/0x10000',
    ];
    expect(check(chainOf("FORWARD", ...forward)).findings).toEqual([]);
    const damaged = forward.map((rule) => rule.replace("-m mark --mark 0x10000/0x10000 ", ""));
    const { printed, findings } = check(chainOf("FORWARD", ...damaged));
    expect(findings).toMatchObject([{ code: "calico-rule-repaired" }]);
    expect(printed).toBe(check(chainOf("FORWARD", ...forward)).printed);
  });

  test("tell which devices the rules of iptables -L without -v are for, and which are for all", () => {
    const listing = (name: string, ...rows: readonly string[]): string =>
      [`Chain ${name} (1 references)`, "target     prot opt source               destination", ...rows, ""].join("\n");
    const { printed, findings } = check(
      `${listing(
        "cali-OUTPUT",
        "ACCEPT     all  --  0.0.0.0/0            0.0.0.0/0            /* cali:Mq1_rAdXXH3YkrzW */ mark match 0x10000/0x10000",
        "RETURN     all  --  0.0.0.0/0            0.0.0.0/0            /* cali:69FkRTJDvD5Vu6Vl */",
        "MARK       all  --  0.0.0.0/0            0.0.0.0/0            /* cali:Fskumj4SGQtDV6GC */ MARK and 0xfff0ffff",
        "cali-to-host-endpoint  all  --  0.0.0.0/0            0.0.0.0/0            /* cali:1F4VWEsQu0QbRwKf */ ! ctstate DNAT",
      )}\nChain cali-to-host-endpoint (1 references)\ntarget     prot opt source               destination\n`,
    );
    expect(findings.map(({ code, line }) => `${code} ${line}`)).toEqual(
      [3, 4, 5, 6].map((line) => `calico-rule-repaired ${line}`),
    );
    for (const rule of OUTPUT.slice(0, 4)) expect(printed).toContain(`${rule}\n`);
  });

  test("that nothing proves are told once for a chain, and the rules stay as they are", () => {
    const [first = "", ...rest] = OUTPUT;
    const wrong = [first.replace("ACCEPT", "DROP"), ...rest];
    const { printed, findings } = check(chainOf("cali-OUTPUT", ...wrong));
    expect(findings).toMatchObject([{ code: "calico-rule-unproven", severity: "warning", line: 7 }]);
    expect(findings[0]?.message).toContain("The 4 behind it");
    expect(printed).toContain('cali:Mq1_rAdXXH3YkrzW" -m mark --mark 0x10000/0x10000 -j DROP');
  });

  test("cost the same for each rule, even if none is right", () => {
    const rules = (count: number): string =>
      Array.from({ length: count }, (_, i) => `:cali-tw-x${i} - [0:0]`).join("\n") +
      "\n" +
      Array.from(
        { length: count },
        (_, i) =>
          `-A cali-tw-x${i} -m comment --comment "cali:${String(i).padStart(16, "0")}" -m mark --mark 0x1/0x1 -j DROP`,
      ).join("\n");
    const time = (count: number): number => {
      const text = `*filter\n:INPUT ACCEPT [0:0]\n${rules(count)}\nCOMMIT\n`;
      return processorTime(() => {
        expect(check(text).findings).toMatchObject([
          { code: "calico-rule-unproven", severity: "info", message: expect.stringContaining(`in ${count} chains`) },
        ]);
      });
    };
    time(200);
    const small = time(1000);
    const large = time(8000);
    expect(large).toBeLessThan(8 * 4 * small + 1000);
  });
});

withUpstreamData(() => {
  const vectors: {
    readonly sets: Readonly<
      Record<
        string,
        Readonly<Record<string, readonly { chain: string; rules: readonly { save: string; hash: string }[] }[]>>
      >
    >;
  } = JSON.parse(upstreamText("vectors/felix-static-rule-hashes.json"));

  function tablesOf(set: string): string {
    return Object.entries(vectors.sets[set] ?? {})
      .map(([table, chains]) => {
        const rules = chains.flatMap(({ rules: own }) => own.map(({ save }) => save));
        const names = new Set([
          ...chains.map(({ chain }) => chain),
          ...rules.flatMap((rule) => /-[jg] (cali-\S+)/.exec(rule)?.[1] ?? []),
        ]);
        const declared = [...names].map((name) => `:${name} ${name.startsWith("cali-") ? "-" : "ACCEPT"} [0:0]`);
        return [`*${table}`, ...declared, ...rules, "COMMIT", ""].join("\n");
      })
      .join("");
  }

  describe("Felix's static chains", () => {
    test.each(Object.keys(vectors.sets))("of %s give their hashes", (set) => {
      const { findings } = check(tablesOf(set));
      expect(findings).toEqual([]);
    });

    test("with one piece of one rule lost are repaired exactly, or it is told; never is a damaged rule taken for whole", () => {
      const sets = Object.keys(vectors.sets).filter((name) => name.includes("/ipip+vxlan/"));
      const outcomes = { repaired: 0, told: 0 };
      fc.assert(
        fc.property(fc.constantFrom(...sets), fc.nat(), fc.nat(), (set, at, which) => {
          const whole = tablesOf(set);
          const lines = whole.split("\n");
          const rules = lines.flatMap((line, i) => (line.startsWith("-A") ? [i] : []));
          const number = rules[at % rules.length] ?? 0;
          const line = lines[number] ?? "";
          // Felix's hash comment stays; comments of its own words cannot come back
          const pieces =
            line.match(
              / ! (?=--|-)| -m (?!comment)\S+(?: ! --| --)\S+(?: (?!-)\S+)*(?: --limit-iface-out)?| -[iop] \S+| --random-fully| --limit-iface-out/g,
            ) ?? [];
          const piece = pieces[which % Math.max(1, pieces.length)];
          if (piece === undefined) return;
          lines[number] = line.replace(piece, piece === " ! " ? " " : "");
          const { printed, findings } = check(lines.join("\n"));
          expect(findings.length, lines[number]).toBeGreaterThan(0);
          const [first] = findings;
          expect(first?.line).toBe(number + 1);
          if (first?.code === "calico-rule-repaired") {
            outcomes.repaired++;
            expect(printed).toBe(check(whole).printed);
          } else outcomes.told++;
        }),
        { numRuns: 150 },
      );
      expect(outcomes.repaired).toBeGreaterThan(outcomes.told * 5);
    });
  });

  test.each(["v3.29", "v3.31", "v3.32.1"])(
    "the whole example of %s, with endpoints and policies, gives its hashes",
    (version) => {
      expect(check(upstreamText(`vectors/example-${version}.iptables-save.txt`)).findings).toEqual([]);
    },
  );
});
