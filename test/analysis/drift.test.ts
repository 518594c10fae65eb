import { existsSync, readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { drift } from "../../src/analysis/drift/drift.ts";
import { readFolder } from "../../src/cli/read-files.ts";
import type { Finding } from "../../src/model/finding.ts";
import type { SnapshotFiles } from "../../src/readers/snapshot/files.ts";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";

const ARTICLE = new URL("../../scenarios/debian-firewall-blocks-bgp/", import.meta.url).pathname;
const RULES = "nodes/worker-1/iptables-nft-save.txt";
const SETS = "nodes/worker-1/ipset-save.txt";
const ROUTES = "nodes/worker-1/ip-route.txt";

/** So many random damages. */
const RUNS = 8;

type Files = SnapshotFiles["files"];

function driftOf(files: Files): readonly Finding[] {
  const { network, cluster } = readSnapshot({ name: "healthy", files });
  return drift(network, cluster).filter(({ code }) => code !== "calico-version-assumed");
}

const HEALTHY = readFolder(`${ARTICLE}healthy/snapshot`);

function healthy(path: string): string {
  return readFileSync(`${ARTICLE}healthy/snapshot/${path}`, "utf8");
}

/** The healthy cluster with one file changed. */
function changed(path: string, change: (text: string) => string): Files {
  const text = healthy(path);
  const other = change(text);
  if (other === text) throw new Error("nothing changed");
  return new Map([...HEALTHY, [path, other]]);
}

/** `code: message` of each finding. */
function told(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ code, message }) => `${code}: ${message}`);
}

describe("drift of the committed captures", () => {
  for (const name of readdirSync(ARTICLE)) {
    if (!existsSync(`${ARTICLE}${name}/snapshot`)) continue;
    test(`${name}: nothing but the rules of the incident's firewall, and what the capture's stand-in for Felix leaves out`, () => {
      const findings = driftOf(readFolder(`${ARTICLE}${name}/snapshot`));
      const unexplained = findings.filter(({ code, message }) => {
        // the firewall that the incident is about, and the rule that loses VXLAN
        if (code === "foreign-rules") return false;
        // what it broke: BGP brought no routes to the blocks of other nodes
        if (code === "block-route-missing") return !name.startsWith("bgp-blocked") || name.endsWith("nothing-breaks");
        // the program that stood in for Felix did not exempt VXLAN from connection tracking
        return !(
          code === "rules-not-programmed" &&
          / raw cali-\w+ lacks the rule "-p udp -m udp --dport 4789 -j NOTRACK"/.test(message)
        );
      });
      expect(told(unexplained)).toEqual([]);
    });
  }

  test("the healthy cluster has no foreign rule either", () => {
    expect(told(driftOf(HEALTHY))).toEqual([]);
  });
});

describe("drift", () => {
  test("names a rule that is missing, and the field that asks for it", () => {
    const files = changed(RULES, (text) => text.replace(/^.*-A KUBE-SERVICES -d 10\.96\.0\.1\/32 .*\n/m, ""));
    const [finding, ...others] = driftOf(files);
    expect(others).toEqual([]);
    expect(finding?.code).toBe("rules-not-programmed");
    expect(finding?.message).toContain("worker-1: nat KUBE-SERVICES lacks the rule");
    expect(finding?.message).toContain("because of Service default/kubernetes (spec.clusterIP)");
  });

  test("any rule that is taken out of a chain of Felix or kube-proxy is missed, and nothing else", () => {
    const text = healthy(RULES);
    const lines = text.split("\n");
    const own = lines.flatMap((line, i) => (/^\[\d+:\d+\] -A (?:cali-|KUBE-)/.test(line) ? [i] : []));
    fc.assert(
      fc.property(fc.constantFrom(...own), (i) => {
        const chain = / -A (\S+)/.exec(lines[i] ?? "")?.[1] ?? "";
        const findings = driftOf(new Map([...HEALTHY, [RULES, lines.filter((_, at) => at !== i).join("\n")]]));
        expect(findings.map(({ code }) => code)).toEqual(["rules-not-programmed"]);
        expect(findings[0]?.message).toContain(` ${chain} lacks the rule`);
      }),
      { numRuns: 12 },
    );
  });

  test("any rule that somebody puts into such a chain is left over, with its line", () => {
    const text = healthy(RULES);
    const lines = text.split("\n");
    const own = lines.flatMap((line, i) => (/^\[\d+:\d+\] -A (?:cali-|KUBE-(?!FIREWALL))/.test(line) ? [i] : []));
    fc.assert(
      fc.property(fc.constantFrom(...own), (i) => {
        const chain = / -A (\S+)/.exec(lines[i] ?? "")?.[1] ?? "";
        const with1 = [...lines.slice(0, i), `[0:0] -A ${chain} -s 192.0.2.1/32 -j ACCEPT`, ...lines.slice(i)];
        const findings = driftOf(new Map([...HEALTHY, [RULES, with1.join("\n")]]));
        expect(findings.map(({ code, line }) => [code, line])).toEqual([["rules-left-over", i + 1]]);
      }),
      { numRuns: 12 },
    );
  });

  test("a dump that lost matches of Felix's rules is no drift: their hashes tell", () => {
    const files = changed(RULES, (text) =>
      text.replace(/^(.*-A cali-\S+ .*"cali:[^"]+").* -m mark --mark \S+( .*)$/gm, "$1$2"),
    );
    expect(told(driftOf(files))).toEqual([]);
  });

  test("chains of objects that are gone are left over", () => {
    const gone = new Map([...HEALTHY].filter(([path]) => path !== "cluster/networkpolicies.yaml"));
    const messages = told(driftOf(gone));
    expect(
      messages.some((one) => /^rules-left-over: worker-1: filter cali-po-\S+ belongs to no object/.test(one)),
    ).toBe(true);
    expect(messages.some((one) => /^rules-left-over: control-plane/.test(one))).toBe(false);
  });

  test("sets that lack members or have others", () => {
    // the other listing of the same sets
    const sets = (change: (text: string) => string): Files =>
      new Map([...changed(SETS, change)].filter(([path]) => path !== "nodes/worker-1/ipset-list.txt"));
    const lacking = sets((text) => text.replace(/^add cali40s:\S+ 192\.168\.49\.65\n/m, ""));
    expect(told(driftOf(lacking))).toEqual([
      expect.stringMatching(/^set-members-differ: worker-1: the set cali40s:\S+ lacks 192\.168\.49\.65\.$/),
    ]);
    const more = sets((text) => text.replace(/^(add cali40masq-ipam-pools) .*\n/m, "$&$1 10.0.0.0/8\n"));
    expect(told(driftOf(more))).toEqual([
      "set-members-differ: worker-1: the set cali40masq-ipam-pools has 10.0.0.0/8, which no object of the cluster asks for.",
    ]);
  });

  test("routes to pods that are missing, and those without a pod", () => {
    const without = changed(ROUTES, (text) => text.replace(/^192\.168\.\S+ dev caliacd53aa4120.*\n/m, ""));
    expect(told(driftOf(without))).toEqual([
      expect.stringMatching(/^workload-route-missing: worker-1 has no route to 192\.168\.\S+ of Pod default\/a;/),
    ]);
    const other = changed(ROUTES, (text) => `${text}192.168.77.7 dev caliacd53aa4120 scope link\n`);
    expect(told(driftOf(other))).toEqual([
      expect.stringContaining("workload-route-left-over: worker-1 has a route to 192.168.77.7 over caliacd53aa4120"),
    ]);
  });

  test("routes for blocks that are missing, of the node's own and of others", () => {
    const without = changed(ROUTES, (text) => text.replace(/^(?:blackhole )?192\.168\.\S+\/26 .*\n/gm, ""));
    expect(told(driftOf(without))).toEqual([
      "block-route-missing: worker-1 has no route for 3 blocks of pods' addresses, which BIRD ought to write: 192.168.49.64/26 of control-plane, 192.168.226.64/26 its own, 192.168.133.192/26 of worker-2.",
    ]);
  });

  test("foreign rules say what they do to packets before Calico's rules see them, and behind", () => {
    const before = changed(RULES, (text) =>
      text
        .replace(
          /^(.*-A FORWARD .*-j cali-FORWARD)$/m,
          "[0:0] -A FORWARD -j DOCKER-USER\n[0:0] -A FORWARD -s 192.0.2.0/24 -j DROP\n$1",
        )
        .replace(":cali-FORWARD", ":DOCKER-USER - [0:0]\n:cali-FORWARD"),
    );
    const [finding, ...others] = driftOf(before);
    expect(others).toEqual([]);
    expect([finding?.code, finding?.severity]).toEqual(["foreign-rules", "warning"]);
    expect(finding?.message).toMatch(
      /worker-1: filter FORWARD has 2 rules .* rule 1 \(line \d+\) "-j DOCKER-USER" leads to DOCKER-USER of Docker before Calico's rules; rule 2 \(line \d+\) "-s 192\.0\.2\.0\/24 -j DROP" drops before Calico's rules see it\./,
    );
    const behind = changed(RULES, (text) =>
      text.replace(/^(.*-A INPUT .*KUBE-EXTERNAL-SERVICES)$/m, "$1\n[0:0] -A INPUT -j REJECT"),
    );
    expect(driftOf(behind).map(({ code, severity }) => [code, severity])).toEqual([["foreign-rules", "info"]]);
    const unknown = changed(RULES, (text) =>
      text.replace(/^(.*-A INPUT .*KUBE-EXTERNAL-SERVICES)$/m, "$1\n[0:0] -A INPUT -j FROBNICATE"),
    );
    expect(driftOf(unknown).map(({ message }) => message)).toEqual([
      expect.stringContaining('"-j FROBNICATE" has the target FROBNICATE, of which nobody knows what it does'),
    ]);
  });

  test("a node without any rule of kube-proxy is told once", () => {
    const files = changed(RULES, (text) =>
      text
        .split("\n")
        .filter((line) => !line.includes("KUBE-"))
        .join("\n"),
    );
    expect(told(driftOf(files))).toEqual([
      expect.stringContaining("program-not-there: worker-1: kube-proxy has programmed nothing into the tables of IPv4"),
    ]);
  });

  test("what kube-proxy was told is seen from its rules where its configuration was not collected", () => {
    const without = new Map([...HEALTHY].filter(([path]) => path !== "cluster/configmap-kube-proxy.yaml"));
    expect(told(driftOf(without))).toEqual([]);
  });

  test("nothing is said of kube-proxy where its rules are those of another mode", () => {
    const ipvs = changed(RULES, (text) =>
      text
        .split("\n")
        .filter((line) => !/KUBE-(?:SVC|SEP)-/.test(line))
        .join("\n")
        .replace(":KUBE-MARK-MASQ", ":KUBE-LOAD-BALANCER - [0:0]\n:KUBE-MARK-MASQ"),
    );
    const files = new Map([...ipvs].filter(([path]) => path !== "cluster/configmap-kube-proxy.yaml"));
    expect(told(driftOf(files))).toEqual([]);
  });

  test("an iptables that has no --random-fully is no difference", () => {
    expect(told(driftOf(changed(RULES, (text) => text.replaceAll(" --random-fully", ""))))).toEqual([]);
  });

  test("nothing is said of programs whose objects were not collected", () => {
    const dumps = new Map([...HEALTHY].filter(([path]) => !path.startsWith("cluster/")));
    expect(told(driftOf(dumps))).toEqual([]);
  });

  test("nothing in dumps or objects makes it fail", () => {
    const paths = [...HEALTHY.keys()].filter((path) =>
      /^cluster\/|iptables-nft-save|ipset-save|ip-route|ip-addr/.test(path),
    );
    const cut = fc.record({
      path: fc.constantFrom(...paths),
      from: fc.nat(200),
      count: fc.integer({ min: 1, max: 60 }),
      twice: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(cut, { minLength: 1, maxLength: 5 }), (cuts) => {
        const files = new Map<string, Files extends ReadonlyMap<string, infer V> ? V : never>(HEALTHY);
        for (const { path, from, count, twice } of cuts) {
          const lines = healthy(path).split("\n");
          const part = lines.splice(from % lines.length, count);
          if (twice) lines.push(...part, ...part);
          files.set(path, lines.join("\n"));
        }
        for (const { message } of driftOf(files)) expect(message).not.toMatch(/undefined|NaN|\[object/);
      }),
      { numRuns: RUNS },
    );
  });
});
