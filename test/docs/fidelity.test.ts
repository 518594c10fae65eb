import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SYSCTL_FIDELITY } from "../../src/linux/datapath-fidelity.ts";
import { PARTICULARS_FIDELITY } from "../../src/linux/particulars-fidelity.ts";
import { DECLARED, fidelityText, readEvidence } from "./fidelity-text.ts";
import { RESOURCES_FIDELITY, resourceText } from "./resources-fidelity.ts";

/** Keys of sysctls as the code names them. */
function sysctlsReadIn(source: string): readonly string[] {
  const whole = [...source.matchAll(/"(net\.[\w.-]+)"/g)].map(([, key]) => key ?? "");
  const timeouts = [...source.matchAll(/ of\("(\w+)"\)/g)].map(([, name]) => `net.netfilter.nf_conntrack_${name}`);
  const both = [...source.matchAll(/ofBoth\(runtime\.host, device(?:\.name)?, "(\w+)"/g)].map(
    ([, name]) => `net.ipv4.conf.DEV.${name}`,
  );
  const own6 = [...source.matchAll(/ofDevice6\(runtime\.host, device(?:\.name)?, "(\w+)"/g)].map(
    ([, name]) => `net.ipv6.conf.DEV.${name}`,
  );
  const neighbours = [...source.matchAll(/ofNeighbour\("(\w+)"/g)].flatMap(([, name]) =>
    [4, 6].map((family) => `net.ipv${family}.neigh.DEV.${name}`),
  );
  const conf = [
    ...source.matchAll(
      /(?:confKey\((?=\d, [\w".]+, ")|quietMaximum\(runtime, device, (?=\d, "))(\d), (?:[\w".]+, )?"(\w+)"/g,
    ),
  ];
  return [
    ...whole,
    ...timeouts,
    ...both,
    ...own6,
    ...neighbours,
    ...conf.map(([, family, name]) => `net.ipv${family}.conf.DEV.${name}`),
  ];
}

/** The test or campaign below `test/kernel/` that a standing names. */
function testFile(name: string): URL {
  return new URL(`../kernel/${name}${name.startsWith("fuzz/worlds/") ? "" : ".test"}.ts`, import.meta.url);
}

describe("the fidelity passport", () => {
  const evidence = readEvidence();

  it("is what npm run fidelity would write now", () => {
    expect(readFileSync(new URL("../../docs/fidelity.md", import.meta.url), "utf8")).toBe(fidelityText(evidence));
  });

  it.each(DECLARED)("claims no verification without a compared probe: $title", ({ word, table }) => {
    const bare = Object.entries(table).filter(
      ([name, standing]) => standing === null && evidence.features[`${word} ${name}`] === undefined,
    );
    expect(bare.map(([name]) => name)).toEqual([]);
  });

  it.each(DECLARED)(
    "says of everything unverified why, and of everything unmodelled what is answered: $title",
    ({ table }) => {
      for (const [name, standing] of Object.entries(table)) {
        if (standing === null) continue;
        if (typeof standing === "object" && "verified" in standing) {
          expect(existsSync(testFile(standing.verified)), name).toBe(true);
          continue;
        }
        const said = typeof standing === "object" ? standing.answer : standing;
        expect(said.length, name).toBeGreaterThan(10);
      }
    },
  );

  it.each(Object.entries(PARTICULARS_FIDELITY))(
    "names a test or a reason for a particular: %s",
    (_name, particular) => {
      if (particular === null) throw new Error("a particular has no probes of its own: name the test that verifies it");
      if (typeof particular === "string") return expect(particular.length).toBeGreaterThan(10);
      if ("answer" in particular) return expect(particular.answer.length).toBeGreaterThan(10);
      expect(existsSync(testFile(particular.verified)), particular.verified).toBe(true);
    },
  );

  it.each(Object.entries(RESOURCES_FIDELITY))("names tests that are there, or a reason: %s", (_name, standing) => {
    if ("tests" in standing) {
      expect(standing.tests.length).toBeGreaterThan(0);
      for (const name of standing.tests)
        expect(existsSync(new URL(`../${name}.test.ts`, import.meta.url)), name).toBe(true);
    } else expect(resourceText(standing).length).toBeGreaterThan(30);
  });

  it.each(["hook", "tracker", "drop"])("has a row for every %s that a probe met", (word) => {
    const table = DECLARED.find((item) => item.word === word)?.table ?? {};
    const met = Object.keys(evidence.features).filter((feature) => feature.startsWith(`${word} `));
    expect(met.filter((feature) => !Object.hasOwn(table, feature.slice(word.length + 1)))).toEqual([]);
  });

  it("has a row for every sysctl that the datapath reads, and for no other", () => {
    const read = ["linux", "emulator"].flatMap((folder) => {
      const root = new URL(`../../src/${folder}/`, import.meta.url);
      return readdirSync(root, { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts") && !name.endsWith("-fidelity.ts"))
        .flatMap((name) => sysctlsReadIn(readFileSync(new URL(name, root), "utf8")));
    });
    const echoes = ["all", "multicast", "anycast"].map((what) => `net.ipv6.icmp.echo_ignore_${what}`);
    expect(Object.keys(SYSCTL_FIDELITY).sort()).toEqual([...new Set([...read, ...echoes])].sort());
  });
});
