import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { restoreText } from "../../src/calico/felix/restore-text.ts";
import { kubeProxyOfNode } from "../../src/kubernetes/kube-proxy/kube-proxy-of-node.ts";
import type { Family } from "../../src/net/address.ts";
import { printRuleset } from "../../src/readers/iptables/print.ts";
import { proxied, proxiedNode } from "../kubernetes/kube-proxy/proxied.ts";
import { manifestsOf, serviceWorld } from "../kubernetes/kube-proxy/service-world.ts";
import { readSave } from "../readers/iptables/helpers.ts";

/** The number keeps parallel runs apart. */
const HOME = `ppk-${process.pid}`;
const WORLDS = 20;
const BACKENDS = ["legacy", "nft"] as const;
const { CI } = process.env;

function run(program: string, args: readonly string[], input = ""): string {
  return execFileSync(program, args, { encoding: "utf8", input, stdio: ["pipe", "pipe", "pipe"], maxBuffer: 1 << 28 });
}

function obstacle(): string | null {
  if (process.getuid?.() !== 0) return "it needs root to make network namespaces";
  try {
    for (const program of ["iptables-legacy-save", "iptables-nft-save"]) run(program, ["--version"]);
  } catch {
    return "it needs iptables of both backends";
  }
  return null;
}

const reason = obstacle();
if (reason !== null) {
  if (CI) throw new Error(`test/kernel/kube-proxy-rules.test.ts: ${reason}.`);
  process.stderr.write(`SKIPPED test/kernel/kube-proxy-rules.test.ts: ${reason}.\n`);
}

/** Rules by table and chain: the kernel's tools print tables in an order of their own. */
function rulesOf(text: string, family: Family, backend: "legacy" | "nft"): readonly string[] {
  const tables = readSave(text, family, backend)
    .rulesets.flatMap((ruleset) => [...ruleset.tables.values()].map((table) => ({ ruleset, table })))
    .map(({ ruleset, table }) => printRuleset({ ...ruleset, tables: new Map([[table.name, table]]) }));
  return tables
    .flatMap((table) => {
      const [name = "", ...lines] = table.split("\n");
      return lines.filter((line) => line.startsWith("-A")).map((line, i) => ({ name, line, i }));
    })
    .map(({ name, line, i }) => ({ key: `${name} ${line.split(" ")[1]}`, line, i }))
    .sort((x, y) => (x.key < y.key ? -1 : x.key > y.key ? 1 : x.i - y.i))
    .map(({ key, line }) => `${key} ${line}`);
}

describe.skipIf(reason !== null)("a real kernel and kube-proxy's rendered rules", () => {
  beforeAll(() => {
    run("ip", ["netns", "add", HOME]);
  });
  afterAll(() => {
    run("ip", ["netns", "del", HOME]);
  });
  const inside = (program: string, input = ""): string => run("ip", ["netns", "exec", HOME, program], input);

  for (const backend of BACKENDS) {
    for (const family of [4, 6] as const) {
      test(`iptables-${backend} takes those of IPv${family}, and saves what podpath understood of them`, () => {
        const tool = `${family === 6 ? "ip6tables" : "iptables"}-${backend}`;
        for (const world of fc.sample(serviceWorld, { numRuns: WORLDS, seed: 20 + family })) {
          const yaml = family === 4 ? manifestsOf(world) : inIPv6(manifestsOf(world));
          const tables = kubeProxyOfNode(proxiedNode("node", "172.16.0.10/24"), proxied(yaml).context);
          const text = (family === 4 ? tables.ipv4 : tables.ipv6).map(restoreText).join("");
          inside(`${tool}-restore`, text);
          const saved = rulesOf(inside(`${tool}-save`), family, backend);
          expect(saved).toEqual(rulesOf(text, family, backend));
          expect(saved.length).toBe(text.split("\n").filter((line) => line.startsWith("-A")).length);
        }
      });
    }
  }
});

/** The same world with addresses of the other family. */
function inIPv6(yaml: string): string {
  return yaml
    .replace(/"(10|172|198|203)\.(\d+)\.(\d+)\.(\d+)(\/\d+)?"/g, (_, a, b, c, d, length?: string) => {
      const bits = length === undefined ? "" : `/${96 + Number(length.slice(1))}`;
      return `"fd00::${hex(a, b)}:${hex(c, d)}${bits}"`;
    })
    .replaceAll("IPv4", "IPv6");
}

function hex(high: string, low: string): string {
  return ((Number(high) << 8) | Number(low)).toString(16);
}
