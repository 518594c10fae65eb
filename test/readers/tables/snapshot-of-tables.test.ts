import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { formatAddress } from "../../../src/net/address.ts";
import { formatPrefix } from "../../../src/net/prefix.ts";
import { readSnapshot } from "../../../src/readers/snapshot/read-snapshot.ts";
import { answerJson } from "../../../src/report/trace-json.ts";
import { askProbe, prepareProbe } from "../../../src/trace/probe.ts";

const FOLDER = "scenarios/debian-firewall-blocks-bgp/bgp-blocked/snapshot";

function filesOf(folder: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files.set(path.slice(folder.length + 1), readFileSync(path, "utf8"));
  }
  return files;
}

/** Columns as tabwriter pads them. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => (row[i] ?? "").length)) + 3) ?? [];
  return rows.map((row) => `${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("")}\n`).join("");
}

describe("a snapshot whose objects are tables", () => {
  const files = filesOf(FOLDER);
  const whole = readSnapshot({ name: "whole", files });
  const { cluster } = whole;
  const pods = [...cluster.pods.values()].map(({ metadata, nodeName, podIPs }) => [
    metadata.namespace ?? "",
    metadata.name,
    "1/1",
    "Running",
    "2 (3d ago)",
    "4d",
    podIPs.map(formatAddress)[0] ?? "<none>",
    nodeName ?? "<none>",
    "<none>",
    "<none>",
  ]);
  const tables = new Map([...files].filter(([path]) => !path.startsWith("cluster/")));
  tables.set(
    "cluster/pods.txt",
    table([
      ["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE", "NOMINATED NODE", "READINESS GATES"],
      ...pods,
    ]),
  );
  tables.set(
    "cluster/nodes.txt",
    table([
      ["NAME", "STATUS", "ROLES", "AGE", "VERSION", "INTERNAL-IP", "EXTERNAL-IP"],
      ...[...cluster.nodes].map(([name, { internalIPs }]) => [
        name,
        "Ready",
        "<none>",
        "4d",
        "v1.31.4",
        internalIPs.map(formatAddress)[0] ?? "<none>",
        "<none>",
      ]),
    ]),
  );
  tables.set(
    "cluster/calico.txt",
    [
      table([
        ["NAMESPACE", "WORKLOAD", "NODE", "NETWORKS", "INTERFACE"],
        ...[...cluster.workloadEndpoints.values()].map((one) => [
          one.metadata.namespace ?? "",
          one.pod ?? "",
          one.node,
          one.ipNetworks.map(formatPrefix).join(","),
          one.interfaceName,
        ]),
      ]),
      table([
        ["NAME", "CIDR", "SELECTOR"],
        ...[...cluster.ipPools].map(([name, pool]) => [name, formatPrefix(pool.cidr), "all()"]),
      ]),
    ].join("\n"),
  );
  const told = readSnapshot({ name: "tables", files: tables });

  test("has the same machines, links, names and pools as one of YAML", () => {
    expect([...told.network.hosts.keys()]).toEqual([...whole.network.hosts.keys()]);
    expect(told.network.links).toHaveLength(whole.network.links.length);
    const names = (result: typeof whole): readonly string[] =>
      [...result.network.endpoints].map(
        ([name, { host, addresses }]) => `${name} ${host} ${addresses.map(formatAddress)}`,
      );
    expect(names(told)).toEqual(names(whole));
    expect(told.network.pools.map(formatPrefix)).toEqual(whole.network.pools.map(formatPrefix));
    expect(told.findings.filter(({ severity }) => severity !== "info")).toEqual([]);
  });

  test("gives the same answer to a probe", () => {
    const answer = ({ network }: typeof whole): unknown => {
      const prepared = prepareProbe(network, {
        from: "pod/default/a",
        to: "pod/default/c",
        kind: "ping",
        protocol: null,
        port: null,
        sport: null,
        size: null,
        df: false,
      });
      if ("findings" in prepared) return prepared.findings;
      const { branches } = answerJson(askProbe(network, prepared.probe));
      return branches.map(({ outcome, result, at, nextHop }) => ({ outcome, result, at, nextHop }));
    };
    expect(answer(told)).toEqual(answer(whole));
    expect(JSON.stringify(answer(told))).toContain("outcome");
  });

  test("knows that a pod with its node's address is in the node's network", () => {
    const node = [...cluster.nodes].find(([name]) => name === "control-plane");
    const address = node?.[1].internalIPs.map(formatAddress)[0] ?? "";
    const more = new Map(tables);
    more.set(
      "cluster/host-pods.txt",
      table([
        ["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE"],
        ["kube-system", "kube-proxy-x", "1/1", "Running", "0", "4d", address, "control-plane"],
      ]),
    );
    const { network } = readSnapshot({ name: "more", files: more });
    expect(network.endpoints.get("pod/kube-system/kube-proxy-x")?.host).toBe("control-plane");
    expect(network.hosts.has("pod/kube-system/kube-proxy-x")).toBe(false);
  });
});
