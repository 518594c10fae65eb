import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { drift } from "../../src/analysis/drift/drift.ts";
import { readFolder } from "../../src/cli/read-files.ts";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";

const SNAPSHOT = new URL("../../scenarios/debian-firewall-blocks-bgp/healthy/snapshot", import.meta.url).pathname;
const HEALTHY = readFolder(SNAPSHOT);
const RULES = "nodes/worker-1/iptables-nft-save.txt";

const CACHE = `apiVersion: v1
kind: Pod
metadata: {name: node-local-dns-x, namespace: kube-system}
spec:
  nodeName: worker-1
  hostNetwork: true
  containers:
    - name: node-cache
      args: [-localip, 169.254.20.10, -upstreamsvc, kube-dns]
      securityContext: {privileged: true}
`;

function told(comment: (said: string) => string): readonly string[] {
  const said = { raw: comment("skip conntrack"), filter: comment("allow DNS traffic") };
  const files = new Map([...HEALTHY, ["cluster/node-local-dns.yaml", CACHE] as const]);
  const text = readFileSync(`${SNAPSHOT}/${RULES}`, "utf8");
  const both = (head: string, tail: string, port: string): string =>
    ["udp", "tcp"]
      .map((protocol) => `-A ${head} 169.254.20.10/32 -p ${protocol} -m ${protocol} ${port} 53${tail}`)
      .join("\n");
  const health = (head: string, port: string): string =>
    `-A ${head} 169.254.20.10/32 -p tcp -m tcp ${port} 8080${said.raw} -j CT --notrack`;
  const raw = [
    both("PREROUTING -d", `${said.raw} -j CT --notrack`, "--dport"),
    health("OUTPUT -s", "--sport"),
    health("OUTPUT -d", "--dport"),
    both("OUTPUT -d", `${said.raw} -j CT --notrack`, "--dport"),
    both("OUTPUT -s", `${said.raw} -j CT --notrack`, "--sport"),
  ].join("\n");
  const filter = [
    both("INPUT -d", `${said.filter} -j ACCEPT`, "--dport"),
    both("OUTPUT -s", `${said.filter} -j ACCEPT`, "--sport"),
  ].join("\n");
  const atEnd = (all: string, table: string, rules: string): string =>
    all.replace(new RegExp(`(\\*${table}\\n[^]*?\\n)COMMIT`), `$1${rules}\nCOMMIT`);
  files.set(RULES, atEnd(atEnd(text, "raw", raw), "filter", filter));
  const { network, cluster } = readSnapshot({ name: "cached", files });
  return drift(network, cluster)
    .map(({ code, message }) => `${code}: ${message}`)
    .filter((line) => line.includes("NodeLocal") || line.includes("169.254.20.10"));
}

test("a node without the rules of its NodeLocal DNSCache has drifted", () => {
  const files = new Map([...HEALTHY, ["cluster/node-local-dns.yaml", CACHE] as const]);
  const { network, cluster } = readSnapshot({ name: "cached", files });
  const lines = drift(network, cluster).flatMap(({ code, message }) =>
    message.includes("169.254.20.10") ? [`${code}: ${message}`] : [],
  );
  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(
    /^rules-not-programmed: worker-1: raw PREROUTING lacks 2 rules .*because of Pod kube-system\/node-local-dns-x \(spec\.containers\.args\)/,
  );
});

test("its rules are the cluster's own where they are there", () => {
  expect(told((said) => ` -m comment --comment "NodeLocal DNS Cache: ${said}"`)).toEqual([]);
});

test("earlier releases, which wrote no comments, lack nothing", () => {
  expect(told(() => "").filter((line) => line.startsWith("rules-not-programmed"))).toEqual([]);
});
