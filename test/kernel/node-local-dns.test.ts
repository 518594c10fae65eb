import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NO_CLUSTER_SETTINGS } from "../../src/kubernetes/cluster-settings.ts";
import { topField } from "../../src/kubernetes/field.ts";
import { nodeCachesOnNode } from "../../src/kubernetes/node-local-dns/node-cache-on-node.ts";
import { readPod } from "../../src/kubernetes/pod.ts";
import { deriveLocalRoutes } from "../../src/linux/routing/derive-local-routes.ts";
import { interfaceAddress, networkInterface } from "../../src/model/interface.ts";
import { NO_ORIGIN, originTable } from "../../src/model/origin.ts";
import type { RestoreTable } from "../../src/model/restore-table.ts";
import { type Family, parseAddress } from "../../src/net/address.ts";
import { addressBits, formatPrefix } from "../../src/net/prefix.ts";
import { printRule } from "../../src/readers/iptables/print.ts";
import { readRuleText } from "../../src/readers/iptables/rule.ts";
import { readSave } from "../readers/iptables/helpers.ts";

const HOME = `ppl-${process.pid}`;
const { CI } = process.env;

function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] });
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
  if (CI) throw new Error(`test/kernel/node-local-dns.test.ts: ${reason}.`);
  process.stderr.write(`SKIPPED test/kernel/node-local-dns.test.ts: ${reason}.\n`);
}

const ADDRESSES: Readonly<Record<Family, readonly string[]>> = {
  4: ["169.254.20.10", "10.96.0.10"],
  6: ["fd00:90::10", "fd00:10:96::a"],
};

/** The calls of `EnsureRule(Prepend, …)` in kubernetes/dns, cmd/node-cache/app/cache_app.go, initIptables(), in order: table, chain, what is said. */
function calls(
  address: string,
): readonly (readonly [table: string, chain: string, match: string, port: string, target: string])[] {
  return [
    ["raw", "PREROUTING", "-p tcp -d", "--dport 53", "NOTRACK"],
    ["raw", "PREROUTING", "-p udp -d", "--dport 53", "NOTRACK"],
    ["filter", "INPUT", "-p tcp -d", "--dport 53", "ACCEPT"],
    ["filter", "INPUT", "-p udp -d", "--dport 53", "ACCEPT"],
    ["raw", "OUTPUT", "-p tcp -s", "--sport 53", "NOTRACK"],
    ["raw", "OUTPUT", "-p udp -s", "--sport 53", "NOTRACK"],
    ["filter", "OUTPUT", "-p tcp -s", "--sport 53", "ACCEPT"],
    ["filter", "OUTPUT", "-p udp -s", "--sport 53", "ACCEPT"],
    ["raw", "OUTPUT", "-p tcp -d", "--dport 53", "NOTRACK"],
    ["raw", "OUTPUT", "-p udp -d", "--dport 53", "NOTRACK"],
    ["raw", "OUTPUT", "-p tcp -d", "--dport 8080", "NOTRACK"],
    ["raw", "OUTPUT", "-p tcp -s", "--sport 8080", "NOTRACK"],
  ].map(([table = "", chain = "", match = "", port = "", target = ""]) => [
    table,
    chain,
    `${match} ${address}`,
    port,
    target,
  ]);
}

function rendered(family: Family): readonly RestoreTable[] {
  const args = ["-localip", ADDRESSES[family].join(","), "-upstreamsvc", "upstream", "-setupinterface=false"];
  const pod = readPod(
    topField({
      metadata: { name: "node-local-dns", namespace: "kube-system" },
      spec: { nodeName: "n1", hostNetwork: true, containers: [{ name: "node-cache", args }] },
    }),
    NO_ORIGIN,
  );
  const corefile = "cluster.local {\nforward . 10.96.0.11\n}\n";
  const settings = { ...NO_CLUSTER_SETTINGS };
  const cluster = {
    services: new Map(),
    settings,
    others: new Map([["ConfigMap kube-system/c", { content: { data: { Corefile: corefile } } }]]),
  };
  const withCorefile =
    pod.nodeCache === undefined
      ? pod
      : { ...pod, nodeCache: { ...pod.nodeCache, configMap: { name: "c", key: "Corefile" } } };
  const made = nodeCachesOnNode([withCorefile], cluster, originTable(), 1);
  return family === 4 ? made.ipv4 : made.ipv6;
}

describe.skipIf(reason !== null)("a real kernel and NodeLocal DNSCache", () => {
  beforeAll(() => {
    run("ip", ["netns", "add", HOME]);
  });
  afterAll(() => {
    run("ip", ["netns", "del", HOME]);
  });
  const inside = (...words: readonly string[]): string => run("ip", ["netns", "exec", HOME, ...words]);

  for (const backend of ["legacy", "nft"] as const) {
    for (const family of [4, 6] as const) {
      test(`its calls of ${family === 6 ? "ip6tables" : "iptables"}-${backend} leave the rules that podpath renders, in that order`, () => {
        const tool = `${family === 6 ? "ip6tables" : "iptables"}-${backend}`;
        for (const address of ADDRESSES[family]) {
          for (const [table, chain, match, port, target] of calls(address)) {
            const said = target === "ACCEPT" ? "allow DNS traffic" : "skip conntrack";
            const comment = ["-m", "comment", "--comment", `NodeLocal DNS Cache: ${said}`];
            inside(
              tool,
              "-w",
              "-t",
              table,
              "-I",
              chain,
              ...match.split(" "),
              ...port.split(" "),
              "-j",
              target,
              ...comment,
            );
          }
        }
        const saved = readSave(inside(`${tool}-save`), family, backend).rulesets;
        const plain = (text: string): string => text.replace("-j CT --notrack", "-j NOTRACK");
        for (const { name, hooks } of rendered(family)) {
          for (const { chain, rules } of hooks) {
            const found = saved.flatMap(({ tables }) => tables.get(name)?.chains.get(chain)?.rules ?? []);
            const ours = rules.flatMap(
              ({ text }) =>
                readRuleText(text, { family, isChain: () => false, counters: null, origin: NO_ORIGIN }).rules,
            );
            expect(found.map((rule) => plain(printRule({ ...rule, counters: null }, family)))).toEqual(
              ours.map((rule) => plain(printRule(rule, family))),
            );
            expect(ours.length).toBe(chain === "OUTPUT" && name === "raw" ? 12 : 4);
          }
        }
      });
    }
  }

  // node-cache never sets its dummy up; tun devices have no ARP either, bridges do
  test.each([
    ["without ARP", "down0", true, ["tuntap", "add", "dev", "down0", "mode", "tun"]],
    ["with ARP", "down1", false, ["link", "add", "down1", "type", "bridge"]],
  ] as const)("a device that is down, %s, has the local routes that podpath derives", (_, name, noArp, make) => {
    inside("ip", ...make);
    for (const address of ["169.254.20.10", "fd00:90::10"])
      inside("ip", "addr", "add", `${address}/${address.includes(":") ? 128 : 32}`, "dev", name);
    const routes = ["-4", "-6"]
      .flatMap((family) => inside("ip", family, "route", "show", "table", "local", "dev", name).split("\n"))
      .flatMap((line) => /^(local|anycast|multicast|broadcast) (\S+)/.exec(line)?.slice(1, 3).join(" ") ?? []);
    const device = networkInterface({
      name,
      up: false,
      carrier: false,
      noArp,
      addresses: ["169.254.20.10", "fd00:90::10"].flatMap((text) => {
        const address = parseAddress(text);
        return address === null ? [] : [interfaceAddress({ address, prefixLength: addressBits(address.family) })];
      }),
    });
    const ours = deriveLocalRoutes([device], () => true).map(
      ({ type, destination }) => `${type} ${formatPrefix(destination).replace(/\/(32|128)$/, "")}`,
    );
    expect(ours).toEqual(routes);
    expect(ours).toContain("local 169.254.20.10");
    inside("ip", "link", "del", name);
  });
});
