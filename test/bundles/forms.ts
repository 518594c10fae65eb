import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { tarBytes } from "../readers/archive/tar-bytes.ts";
import { plainInterfaces, plainNeighbours, plainRoutes, plainRules } from "./plain-ip.ts";

/** Files by path. */
export type Tree = Readonly<Record<string, string | Uint8Array>>;

/** All files of a folder, as text. */
export function treeOf(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), readFileSync(path, "utf8")];
    }),
  );
}

export function packed(tree: Tree): Uint8Array {
  return gzipSync(tarBytes(Object.entries(tree).map(([name, content]) => ({ name, content }))));
}

/** Names of the nodes of a snapshot. */
export function nodesOf(snapshot: Readonly<Record<string, string>>): readonly string[] {
  return [...new Set(Object.keys(snapshot).flatMap((path) => /^nodes\/([^/]+)\//.exec(path)?.[1] ?? []))].sort();
}

/** The dump of a node by its name without extension; null when there is none. */
function dumpOf(snapshot: Readonly<Record<string, string>>, node: string, ...stems: readonly string[]): string | null {
  for (const stem of stems) {
    for (const extension of ["txt", "json", "cfg"]) {
      const found = snapshot[`nodes/${node}/${stem}.${extension}`];
      if (found !== undefined) return found;
    }
  }
  return null;
}

const AS_THEY_ARE = [
  "iptables-legacy-save",
  "iptables-nft-save",
  "ip6tables-legacy-save",
  "ip6tables-nft-save",
  "ipset-save",
  "ipset-list",
  "conntrack",
  "conntrack-stats",
  "sysctl",
  "sockets",
  "versions",
  "birdc-protocols",
  "birdc-route",
  "nft-ruleset",
] as const;

/** The dumps of one node in the plain text that the tools print without `-d -s -j`, by the name a snapshot gives them. */
export function plainDumps(snapshot: Readonly<Record<string, string>>, node: string): Readonly<Record<string, string>> {
  const convert = (stem: string, plain: (dump: string) => string): Readonly<Record<string, string>> => {
    const dump = dumpOf(snapshot, node, stem);
    return dump === null ? {} : { [stem]: plain(dump) };
  };
  const asIs = (stem: string): Readonly<Record<string, string>> => convert(stem, (dump) => dump);
  return {
    ...convert("ip-addr", (dump) => plainInterfaces(dump)),
    ...convert("ip-link", (dump) => plainInterfaces(dump)),
    ...convert("ip-route", plainRoutes),
    ...convert("ip-route-v6", plainRoutes),
    ...convert("ip-rule", plainRules),
    ...convert("ip-neigh", plainNeighbours),
    ...Object.assign({}, ...AS_THEY_ARE.map(asIs)),
  };
}

/** `ipset list` of what `ipset save` printed. */
function setList(dumps: Readonly<Record<string, string>>): string {
  const listed = dumps["ipset-list"];
  if (listed !== undefined) return listed;
  const sets = new Map<string, { type: string; header: string; members: string[] }>();
  for (const line of (dumps["ipset-save"] ?? "").split("\n")) {
    const [verb = "", name = "", third = "", ...rest] = line.split(" ");
    if (verb === "create") sets.set(name, { type: third, header: rest.join(" "), members: [] });
    if (verb === "add") sets.get(name)?.members.push([third, ...rest].join(" "));
  }
  return [...sets]
    .map(([name, { type, header, members }]) =>
      [
        `Name: ${name}`,
        `Type: ${type}`,
        "Revision: 7",
        `Header: ${header}`,
        "Size in memory: 480",
        "References: 1",
        `Number of entries: ${members.length}`,
        "Members:",
        ...members,
        "",
      ].join("\n"),
    )
    .join("\n");
}

const crlf = (text: string): string => text.replaceAll("\n", "\r\n");

/**
 * The tree of `calicoctl cluster diags` (calicoctl/calicoctl/commands/cluster/diags.go): every command through
 * `kubectl exec -t`, so that lines end with CRLF; a command that the image lacks leaves its error message.
 */
export function clusterDiags(
  snapshot: Readonly<Record<string, string>>,
  top = "calico-diagnostics-20250215_101500",
): Tree {
  const tree: Record<string, string> = {};
  for (const [path, text] of Object.entries(snapshot)) {
    const kind = /^cluster\/(.+)\.yaml$/.exec(path)?.[1];
    if (kind === undefined) continue;
    const isCalico = /^(?:ippools|blockaffinities|bgpconfigurations|felixconfigurations)$/.test(kind);
    // calicoctl's own Node and WorkloadEndpoint objects are no resources of the cluster
    if (kind === "calico-nodes" || kind === "workloadendpoints") continue;
    tree[
      isCalico ? `${top}/cluster/crd/${kind}.crd.projectcalico.org.yaml` : `${top}/cluster/kubernetes/${kind}.yaml`
    ] = text;
  }
  tree[`${top}/cluster/version.yaml`] =
    "clientVersion:\n  gitVersion: v1.29.1\nserverVersion:\n  gitVersion: v1.29.1\n";
  tree[`${top}/tls/calico-system_node-certs.yaml`] = "kind: Secret\ndata:\n  tls.key: PGNlbnNvcmVkPg==\n";
  for (const node of nodesOf(snapshot)) {
    const dumps = plainDumps(snapshot, node);
    const at = `${top}/nodes/${node}`;
    const put = (name: string, text: string | undefined): void => {
      if (text !== undefined) tree[`${at}/${name}.txt`] = crlf(text);
    };
    put("iptables-legacy-save", dumps["iptables-legacy-save"]);
    put("iptables-nft-save", dumps["iptables-nft-save"]);
    put("nft-ruleset", dumps["nft-ruleset"]);
    put("ip-route", allTables(dumps));
    put("ip-route-v6", dumps["ip-route-v6"]);
    for (const stem of ["ip-rule", "ip-addr", "ip-link", "ip-neigh"]) put(stem, dumps[stem]);
    put("ipset-list", setList(dumps));
    put("conntrack-list", `${dumps["conntrack"] ?? ""}${dumps["conntrack-stats"] ?? ""}`);
    put(
      "tc-qdisc",
      'OCI runtime exec failed: exec failed: unable to start container process: exec: "tc": executable file not found in $PATH: unknown\ncommand terminated with exit code 126\n',
    );
    put("bpf-nat", "command terminated with exit code 1\n");
    tree[`${at}/calico-system/calico-node-x7k2p.log`] =
      "2025-02-15 10:14:59.000 [INFO][1] felix/int_dataplane.go: up\n";
    tree[`${at}/cni.log.log`] = "2025-02-15 10:00:00.000 [INFO][1] cni-plugin/plugin.go: up\n";
  }
  return tree;
}

/** `ip route show table all`: what `ip route` shows, and table local, of which the addresses tell. */
function allTables(dumps: Readonly<Record<string, string>>): string {
  const local: string[] = [];
  let device = "";
  for (const line of (dumps["ip-addr"] ?? "").split("\n")) {
    device = /^\d+: ([^:@]+)/.exec(line)?.[1] ?? device;
    const [, address = "", length = "", broadcast] = /^ +inet ([\d.]+)\/(\d+)(?: brd ([\d.]+))?/.exec(line) ?? [];
    if (address === "") continue;
    if (device === "lo") local.push(`local 127.0.0.0/8 dev lo table local proto kernel scope host src ${address} `);
    local.push(`local ${address} dev ${device} table local proto kernel scope host src ${address} `);
    const last = device === "lo" ? "127.255.255.255" : length === "32" ? undefined : broadcast;
    if (last !== undefined)
      local.push(`broadcast ${last} dev ${device} table local proto kernel scope link src ${address} `);
  }
  return `${dumps["ip-route"] ?? ""}${local.join("\n")}\n`;
}

/** The archive of `calicoctl node diags` of one node (calicoctl/calicoctl/commands/node/diags.go). */
export function nodeDiags(snapshot: Readonly<Record<string, string>>, node: string): Tree {
  const dumps = plainDumps(snapshot, node);
  const addresses = dumps["ip-addr"] ?? "";
  return {
    "diagnostics/date": "Sat Feb 15 10:15:00 UTC 2025\n",
    "diagnostics/hostname": `${node}\n`,
    "diagnostics/netstat":
      "Active Internet connections (servers and established)\nProto Recv-Q Send-Q Local Address           Foreign Address         State      \ntcp        0      0 0.0.0.0:179             0.0.0.0:*               LISTEN     \n",
    "diagnostics/ipv4_route": dumps["ip-route"] ?? "",
    "diagnostics/ipv6_route": dumps["ip-route-v6"] ?? "",
    "diagnostics/ipv4_addr": plainInterfaces(addresses, 4),
    "diagnostics/ipv6_addr": plainInterfaces(addresses, 6),
    "diagnostics/ipv4_tables": dumps["iptables-nft-save"] ?? "",
    "diagnostics/ipv6_tables": dumps["ip6tables-nft-save"] ?? "",
    "diagnostics/ipsets": setList(dumps),
    "diagnostics/ipset_container": "docker: command not found\n",
    "diagnostics/journalctl_calico_node": "-- No entries --\n",
    "diagnostics/logs/calico-node.log": "2025-02-15 10:14:59.000 [INFO] up\n",
  };
}

/** What people paste: files named as they like, one with several commands under prompts. */
export function loosePastes(snapshot: Readonly<Record<string, string>>): Tree {
  const tree: Record<string, string> = {};
  for (const [path, text] of Object.entries(snapshot)) {
    const name = /^cluster\/(.+)\.yaml$/.exec(path)?.[1];
    if (name !== undefined) tree[`k8s-${name}.txt`] = text;
  }
  for (const node of nodesOf(snapshot)) {
    const { "iptables-nft-save": rules = "", "ip-addr": addresses = "", ...rest } = plainDumps(snapshot, node);
    tree[`iptables-nft ${node}.log`] = rules;
    // whose addresses these are, they tell themselves
    tree[`paste-${node.length}${node.charCodeAt(node.length - 1)}.md`] = addresses;
    const commands: Readonly<Record<string, string>> = {
      "ip-route": "ip route",
      "ip-rule": "ip rule",
      "ip-neigh": "ip neigh",
      "ip-link": "ip link",
      "ip-route-v6": "ip -6 r",
      "iptables-legacy-save": "sudo iptables-legacy-save -c",
      "ip6tables-legacy-save": "ip6tables-legacy-save",
      "ip6tables-nft-save": "sudo ip6tables-nft-save",
      "ipset-save": "ipset save",
      "ipset-list": "ipset list",
      sysctl: "sysctl -a",
      conntrack: "conntrack -L",
      sockets: "ss -H -lntup",
      versions: "uname -a",
      "nft-ruleset": "nft list ruleset",
    };
    tree["terminal.txt"] =
      (tree["terminal.txt"] ?? "") +
      Object.entries(rest)
        .flatMap(([stem, text]) => (commands[stem] === undefined ? [] : [`root@${node}:~# ${commands[stem]}\n${text}`]))
        .join("");
  }
  return tree;
}
