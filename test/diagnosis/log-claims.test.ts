import { expect, test } from "vitest";
import { runChecks } from "../../src/diagnosis/checks/checks.ts";
import { readEvidence } from "../../src/readers/evidence/read-evidence.ts";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";

/** What a real BIRD 1.6.8 wrote, with `debug protocols { states }`, when a firewall began to drop. */
const BIRD = `2026-11-26 11:22:01 <TRACE> Mesh_10_9_0_2: Starting
2026-11-26 11:22:01 <TRACE> Mesh_10_9_0_2: State changed to start
2026-11-26 11:22:07 <TRACE> Mesh_10_9_0_2: Connected to table master
2026-11-26 11:22:07 <TRACE> Mesh_10_9_0_2: State changed to feed
2026-11-26 11:22:07 <TRACE> Mesh_10_9_0_2: State changed to up
2026-11-26 11:22:18 <RMT> Mesh_10_9_0_2: Error: Hold timer expired
2026-11-26 11:22:18 <TRACE> Mesh_10_9_0_2: State changed to stop
2026-11-26 11:22:21 <TRACE> Mesh_10_9_0_2: State changed to down
2026-11-26 11:22:21 <TRACE> Mesh_10_9_0_2: Starting
2026-11-26 11:22:21 <TRACE> Mesh_10_9_0_2: State changed to start
`;
const FELIX =
  '2025-02-15 10:00:01.123 [WARNING][67] felix/table.go 1321: Failed to execute ip(6)tables-restore command error=exit status 2 errorOutput="…" ipVersion=0x4 table="filter"\n';
const PROXY =
  "E0215 10:00:01.054930       1 proxier.go:1598] Failed to execute iptables-restore: exit status 1 (iptables-restore: line 86 failed\n";
const COREDNS = "[ERROR] plugin/errors: 2 example.org. A: read udp 192.168.1.2:56417->10.9.0.53:53: i/o timeout\n";
const ADDRESSES =
  "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo\n2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500\n    inet 10.9.0.1/24 brd 10.9.0.255 scope global eth0\n";
const ROUTES = "default via 10.9.0.254 dev eth0 \n10.9.0.0/24 dev eth0 proto kernel scope link src 10.9.0.1 \n";
const sessions = (state: string, info: string): string =>
  `BIRD 1.6.8 ready.\nname     proto    table    state  since       info\nMesh_10_9_0_2 BGP      master   ${state}  11:22:40    ${info}\n`;
const SAVE = (filter: string, nat: string): string =>
  `*filter\n:INPUT ACCEPT [0:0]\n${filter}COMMIT\n*nat\n:PREROUTING ACCEPT [0:0]\n${nat}COMMIT\n`;
const SERVICE =
  "apiVersion: v1\nkind: Service\nmetadata: {namespace: shop, name: web}\nspec: {clusterIP: 10.96.0.10, ports: [{port: 80}]}\n";

function told(files: Readonly<Record<string, string>>): readonly string[] {
  const all = { "nodes/n1/ip-addr.txt": ADDRESSES, "nodes/n1/ip-route.txt": ROUTES, ...files };
  const { network, machines, cluster, ipam } = readSnapshot({ name: "test", files: new Map(Object.entries(all)) });
  const { evidence } = readEvidence(machines, network.origins);
  return runChecks(network, evidence, { cluster, ipam })
    .filter(({ code }) => code === "log-confirmed" || code === "log-contradicted")
    .map(({ code, message, file, line }) => `${code.slice(4)} ${file}:${line} ${message}`);
}

const log = (pod: string): string => `nodes/n1/calico-system/${pod}-x7k2p.log`;

test("a session that failed in the log is down, up again, or has its routes still, and both lines are named", () => {
  const down = told({ [log("calico-node")]: BIRD, "nodes/n1/birdc-protocols.txt": sessions("start", "Connect") });
  expect(down).toEqual([
    "confirmed nodes/n1/calico-system/calico-node-x7k2p.log:6 The log of n1 says that the session Mesh_10_9_0_2 failed (Error: Hold timer expired), and a dump agrees: it is Connect (nodes/n1/birdc-protocols.txt:3).",
  ]);
  const up = told({ [log("calico-node")]: BIRD, "nodes/n1/birdc-protocols.txt": sessions("up   ", "Established") });
  expect(up).toEqual([expect.stringMatching(/^contradicted .*: it is established since 11:22:40 \(nodes.*:3\)\.$/)]);
  const routes = told({
    [log("calico-node")]: BIRD,
    "nodes/n1/ip-route.txt": `${ROUTES}192.168.9.0/26 via 10.9.0.2 dev eth0 proto bird \n`,
  });
  expect(routes).toEqual([
    expect.stringMatching(/^contradicted .*BIRD's route to 192\.168\.9\.0\/26 .*ip-route\.txt:3\)\.$/),
  ]);
  const again = `${BIRD}2026-11-26 11:23:00 <TRACE> Mesh_10_9_0_2: State changed to up\n`;
  expect(
    told({ [log("calico-node")]: again, "nodes/n1/birdc-protocols.txt": sessions("up   ", "Established") }),
  ).toEqual([]);
  const later = told({ [log("calico-node")]: again, "nodes/n1/birdc-protocols.txt": sessions("start", "Connect") });
  expect(later).toEqual([expect.stringMatching(/^contradicted .*came up; a dump says otherwise: it is Connect/)]);
});

test("rules that Felix could not load are missing from the dump, or were loaded since", () => {
  const without = told({ [log("calico-node")]: FELIX, "nodes/n1/iptables-save.txt": SAVE("", "") });
  expect(without).toEqual([
    expect.stringMatching(/^confirmed .*the table has no chain of Felix \(nodes\/n1\/iptables-save\.txt:2\)\.$/),
  ]);
  const loaded = SAVE(":cali-INPUT - [0:0]\n-A INPUT -j cali-INPUT\n", "");
  expect(told({ [log("calico-node")]: FELIX, "nodes/n1/iptables-save.txt": loaded })).toEqual([
    expect.stringMatching(/^contradicted .*the table has 1 chains of Felix/),
  ]);
  const retried = `${FELIX}2025-02-15 10:00:02.123 [WARNING][67] felix/table.go 1000: Succeeded after retry. ipVersion=0x4 table="filter"\n`;
  expect(told({ [log("calico-node")]: retried, "nodes/n1/iptables-save.txt": SAVE("", "") })).toEqual([]);
});

test("rules of kube-proxy that were refused are missing for a Service, or all there", () => {
  const services = ":KUBE-SERVICES - [0:0]\n-A PREROUTING -j KUBE-SERVICES\n";
  const files = { [log("kube-proxy")]: PROXY, "cluster/service.yaml": SERVICE };
  expect(told({ ...files, "nodes/n1/iptables-save.txt": SAVE("", services) })).toEqual([
    expect.stringMatching(
      /^confirmed .*KUBE-SERVICES has no rule for Service shop\/web \(nodes\/n1\/iptables-save\.txt:6\)\.$/,
    ),
  ]);
  const all = `${services}-A KUBE-SERVICES -d 10.96.0.10/32 -p tcp -m tcp --dport 80 -j ACCEPT\n`;
  expect(told({ ...files, "nodes/n1/iptables-save.txt": SAVE("", all) })).toEqual([
    expect.stringMatching(/^contradicted .*has rules for every Service/),
  ]);
});

test("a server of names that does not answer CoreDNS has connections without answers, or with", () => {
  const entry = (reply: string): string =>
    `udp      17 20 src=192.168.1.2 dst=10.9.0.53 sport=56417 dport=53 ${reply}src=10.9.0.53 dst=192.168.1.2 sport=53 dport=56417 mark=0 use=1\n`;
  expect(told({ [log("coredns")]: COREDNS, "nodes/n1/conntrack.txt": entry("[UNREPLIED] ") })).toEqual([
    expect.stringMatching(
      /^confirmed .*CoreDNS \(192\.168\.1\.2\) gets no answer from 10\.9\.0\.53: i\/o timeout.*not answered/,
    ),
  ]);
  expect(told({ [log("coredns")]: COREDNS, "nodes/n1/conntrack.txt": entry("") })).toEqual([
    expect.stringMatching(/^contradicted .*was answered/),
  ]);
});

/** The archive of `calicoctl node diags` of one node; `logs` is a copy of its /var/log/calico. */
const nodeDiags = (
  logs: Readonly<Record<string, string>>,
  at = "diags-20250215/",
): Readonly<Record<string, string>> => ({
  [`${at}diagnostics/hostname`]: "n1\n",
  [`${at}diagnostics/ipv4_addr`]: ADDRESSES,
  [`${at}diagnostics/ipv4_route`]: `${ROUTES}192.168.9.0/26 via 10.9.0.2 dev eth0 proto bird \n`,
  ...Object.fromEntries(Object.entries(logs).map(([name, text]) => [`${at}diagnostics/logs/${name}`, text])),
});

/** As `svlogd -tt` writes what `bird -d` prints. */
const SVLOGD = BIRD.replace(/^(\S+) (\S+) <\w+> /gm, "$1_$2.12345 bird: ");

test("logs in `diagnostics/logs` of calicoctl node diags are read for the machine that lies beside them", () => {
  const files = nodeDiags({
    "bird/current": SVLOGD,
    "felix/current": FELIX,
    "cni/cni.log": "nothing of the network\n",
    "k8s_calico-node_calico-node-7lq5d_kube-system_b2_0.log": PROXY,
  });
  const { network, machines, cluster, ipam, findings } = readSnapshot({
    name: "t",
    files: new Map(Object.entries(files)),
  });
  expect(machines.map(({ name }) => name)).toEqual(["n1"]);
  expect(findings.filter(({ code }) => code === "not-read" || code === "host-unknown")).toEqual([]);
  const { evidence, recognised } = readEvidence(machines, network.origins);
  expect(recognised.filter(({ as }) => as === "kubectl logs").map(({ path }) => path.split("/logs/")[1])).toEqual([
    "bird/current",
    "cni/cni.log",
    "felix/current",
    "k8s_calico-node_calico-node-7lq5d_kube-system_b2_0.log",
  ]);
  const bird = evidence.get("n1")?.logLines.filter(({ program }) => program === "bird") ?? [];
  expect(bird.map(({ time }) => time)).toContain("2026-11-26_11:22:18.12345");
  const found = runChecks(network, evidence, { cluster, ipam }).filter(({ code }) => code.startsWith("log-"));
  expect(found.map(({ code, file, line }) => `${code} ${file?.split("/logs/")[1]}:${line}`)).toEqual([
    "log-contradicted bird/current:6",
    "log-tells bird/current:6",
    "log-tells felix/current:1",
  ]);
});

test("logs of two archives of calicoctl node diags stay with their machines, and those of nobody are told", () => {
  const other = nodeDiags({ "bird/current": SVLOGD }, "two/");
  const two = {
    ...nodeDiags({ "felix/current": FELIX }, "one/"),
    ...other,
    "two/diagnostics/hostname": "n2\n",
    "three/diagnostics/logs/bird/current": SVLOGD,
    "one/diagnostics/logs/felix/@400000006.s": FELIX,
  };
  const { machines, findings } = readSnapshot({ name: "t", files: new Map(Object.entries(two)) });
  expect(machines.map(({ name, logs = [] }) => [name, logs.map(({ path }) => path)])).toEqual([
    ["n1", ["one/diagnostics/logs/felix/current"]],
    ["n2", ["two/diagnostics/logs/bird/current"]],
  ]);
  expect(findings.filter(({ code }) => code === "host-unknown").map(({ file }) => file)).toEqual([
    "three/diagnostics/logs/bird/current",
  ]);
  expect(findings.some(({ code }) => code === "not-read")).toBe(true);
});
