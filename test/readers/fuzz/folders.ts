import type { Finding } from "../../../src/model/finding.ts";
import type { Host } from "../../../src/model/host.ts";
import { originTable } from "../../../src/model/origin.ts";
import { readClusterFolder } from "../../../src/readers/cluster/read-cluster.ts";
import { runCommand } from "../../../src/readers/commands/run-command.ts";
import { recogniseDump } from "../../../src/readers/recognise.ts";
import { FILE_ROLES } from "../../../src/readers/snapshot/files.ts";
import { readLoneDump } from "../../../src/readers/snapshot/lone-dump.ts";
import { openSnapshot, readSnapshot } from "../../../src/readers/snapshot/read-snapshot.ts";

/** What readers cite in place of the path that the text had: the fuzz counts lines of one file. */
function cited(findings: readonly Finding[], path: string, name: string): readonly Finding[] {
  return findings.map((finding) => (finding.file === path ? { ...finding, file: name } : finding));
}

/** Reads everything of a host that is read only when somebody asks; how much that is. */
function readAll(host: Host): number {
  const { interfaces, routes, policyRules, rulesets, nftBaseChains, ipSets, sysctls } = host;
  const { neighbours, fdb, sockets, conntrack } = host;
  const rules = rulesets.flatMap(({ tables }) =>
    [...tables.values()].flatMap(({ chains }) => [...chains.values()].flatMap((chain) => chain.rules)),
  );
  const lists = [routes, policyRules, rules, nftBaseChains, neighbours, fdb, sockets, conntrack];
  return lists.reduce((sum, list) => sum + list.length, interfaces.size + ipSets.size + sysctls.size);
}

const NODES =
  "kind: ClusterNodes\nnodes: {worker-1: {addresses: [172.16.0.10/24]}, worker-2: {addresses: [172.16.0.11/24]}}\n";
const MANIFESTS =
  "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: a}\nspec: {cidr: 192.168.0.0/16}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: default}\nspec: {nodeName: worker-1}\n";

/** A folder of manifests whose one file is the text; everything that follows from them happens. */
export function clusterOf(text: string, name: string): readonly Finding[] {
  return clusterFindings("m.yaml", text, new Map([["nodes.yaml", NODES]]), name);
}

/** A cluster whose `nodes.yaml` is the text. */
export function nodesOf(text: string, name: string): readonly Finding[] {
  return clusterFindings("nodes.yaml", text, new Map([["m.yaml", MANIFESTS]]), name);
}

function clusterFindings(
  path: string,
  text: string,
  others: ReadonlyMap<string, string>,
  name: string,
): readonly Finding[] {
  const result = readClusterFolder({ name: "folder", files: new Map([...others, [path, text]]) });
  for (const host of result.network.hosts.values()) readAll(host);
  return cited(result.findings, path, name);
}

const PATHS = [...FILE_ROLES.keys()].map((stem) => `nodes/n1/${stem}.txt`);
const MORE = [
  "index.json",
  "nodes/n1/index.json",
  "nodes/n1/ip-addr.json",
  "nodes/n1/ip-route.json",
  "nodes/n1/pods/a/ip-addr.txt",
  "cluster/objects.yaml",
  "cluster/objects.json",
  "snapshot.yaml",
  "facts.yaml",
];

/** Where the text belongs, by what it looks like; where its length says, for one that looks like nothing. */
function placeOf(text: string): string {
  const kind = recogniseDump(text);
  if (kind === "facts") return "facts.yaml";
  if (kind === "snapshot") return "snapshot.yaml";
  const places = [...PATHS, ...MORE];
  const stems = [...FILE_ROLES].flatMap(([stem, { kinds }]) => (kind !== null && kinds.includes(kind) ? [stem] : []));
  return text.length % 4 === 0 || stems.length === 0
    ? (places[text.length % places.length] ?? "snapshot.yaml")
    : `nodes/n1/${stems[text.length % stems.length]}.txt`;
}

/** A snapshot with the text as one of its files, read at once and piece by piece. */
export function snapshotOf(text: string, name: string): readonly Finding[] {
  const path = placeOf(text);
  const others = { "nodes/n1/ip-addr.txt": "1: lo: <LOOPBACK,UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo\n" };
  const files = new Map([...Object.entries(others), [path, text]]);
  const opened = openSnapshot({ name: "folder", files });
  for (const host of opened.network.hosts.values()) readAll(host);
  return cited([...readSnapshot({ name: "folder", files }).findings, ...opened.findings], path, name);
}

const MACHINE = `# iptables-save
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i eth0 -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`;

/** Each line as a command that somebody types on a machine, one after the other. */
export function commandsOf(text: string): readonly Finding[] {
  const { network } = readLoneDump(MACHINE, "machine");
  let [host] = network.hosts.values();
  if (host === undefined) throw new Error("the machine is missing");
  const findings: Finding[] = [];
  const context = { origins: originTable(), origin: 0, file: () => text };
  for (const line of text.split("\n")) {
    const result = runCommand(line, host, context);
    if ("host" in result) host = result.host;
    else findings.push({ code: "command-refused", severity: "error", message: result.problem });
  }
  readAll(host);
  return findings;
}
