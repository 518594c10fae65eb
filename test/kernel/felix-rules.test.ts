import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { restoreText } from "../../src/calico/felix/restore-text.ts";
import { printIpSet } from "../../src/readers/ipset/print-save.ts";
import { EXAMPLES, exampleNode } from "../calico/felix/example-cluster.ts";
import { rulesByChain } from "../calico/felix/rules-by-chain.ts";
import { programmed } from "../calico/policy/declared-world.ts";
import { clusterArbitrary } from "../calico/policy/random-resources.ts";
import { upstreamText, withUpstreamData } from "../calico/upstream-data.ts";

/** The number keeps parallel runs apart. */
const HOME = `ppf-${process.pid}`;
const WORLDS = 12;
const BACKENDS = ["legacy", "nft"] as const;
const RELEASES = ["v3.28.5", "v3.29.2", "v3.30.4", "v3.31.2", "v3.32.1"];
/** What iptables-nft refuses (the finding `felix-cannot-program\`). */
const NEGATED_ALL = /! --(?:source|destination) (?:0\.0\.0\.0|::)\/0/;
const { CI } = process.env;

function run(program: string, args: readonly string[], input = ""): string {
  return execFileSync(program, args, { encoding: "utf8", input, stdio: ["pipe", "pipe", "pipe"], maxBuffer: 1 << 28 });
}

function obstacle(): string | null {
  if (process.getuid?.() !== 0) return "it needs root to make network namespaces";
  try {
    for (const program of ["iptables-legacy-save", "iptables-nft-save", "ipset"]) run(program, ["--version"]);
  } catch {
    return "it needs iptables of both backends, and ipset";
  }
  return null;
}

const reason = obstacle();
if (reason !== null) {
  if (CI) throw new Error(`test/kernel/felix-rules.test.ts: ${reason}.`);
  process.stderr.write(`SKIPPED test/kernel/felix-rules.test.ts: ${reason}.\n`);
}

/** Sets without what the kernel draws by itself, members in one order. */
function setLines(text: string): readonly string[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replace(/ (?:bucketsize|initval) \S+/g, "").replace(/hashsize \d+ /, ""))
    .sort();
}

describe.skipIf(reason !== null)("a real kernel and what Felix programs", () => {
  const inside = (program: string, args: readonly string[] = [], input = ""): string =>
    run("ip", ["netns", "exec", HOME, program, ...args], input);
  const renew = (): void => {
    run("ip", ["netns", "del", HOME]);
    run("ip", ["netns", "add", HOME]);
  };
  beforeAll(() => {
    run("ip", ["netns", "add", HOME]);
  });
  afterAll(() => {
    run("ip", ["netns", "del", HOME]);
  });

  for (const release of RELEASES) {
    test(`takes rules and sets of ${release}, and saves what podpath understood of them`, () => {
      for (const world of fc.sample(clusterArbitrary, { numRuns: WORLDS, seed: Number(release.slice(3, 5)) })) {
        const { felix } = programmed(world, release);
        for (const backend of BACKENDS) {
          renew();
          const sets = `${felix.ipSets.map(printIpSet).join("\n")}\n`;
          inside("ipset", ["restore"], sets);
          expect(setLines(inside("ipset", ["save"]))).toEqual(setLines(sets));
          for (const family of [4, 6] as const) {
            const tool = `${family === 6 ? "ip6tables" : "iptables"}-${backend}`;
            const text = (family === 4 ? felix.ipv4 : felix.ipv6).map(restoreText).join("");
            if (backend === "nft" && NEGATED_ALL.test(text)) {
              expect(() => inside(`${tool}-restore`, [], text)).toThrow("Invalid argument");
              continue;
            }
            inside(`${tool}-restore`, [], text);
            const saved = rulesByChain(inside(`${tool}-save`), family, backend);
            expect(saved).toEqual(rulesByChain(text, family, backend));
            const rules = text.split("\n").filter((line) => /^(?:-A|:\S+ -) /.test(line));
            expect(saved.length).toBe(rules.length);
          }
        }
      }
    });
  }

  withUpstreamData(() => {
    for (const [file, release] of Object.entries(EXAMPLES)) {
      test(`saves the same for ${file} as for what is rendered from its resources`, () => {
        const { ipv4, ipSets } = exampleNode(release);
        for (const backend of BACKENDS) {
          const saves = [ipv4.map(restoreText).join(""), upstreamText(`vectors/${file}.iptables-save.txt`)].map(
            (text) => {
              renew();
              inside("ipset", ["restore"], `${ipSets.map(printIpSet).join("\n")}\n`);
              inside(`iptables-${backend}-restore`, [], text);
              return rulesByChain(inside(`iptables-${backend}-save`), 4, backend);
            },
          );
          expect(saves[0]).toEqual(saves[1]);
        }
      });
    }
  });
});
