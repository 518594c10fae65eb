import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readSnapshot, type SnapshotResult } from "../../../src/readers/snapshot/read-snapshot.ts";

const FOLDER = fileURLToPath(
  new URL("../../../scenarios/debian-firewall-blocks-bgp/healthy/snapshot", import.meta.url),
);
const FILES = new Map(
  readdirSync(FOLDER, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [path.slice(FOLDER.length + 1), readFileSync(path, "utf8")]),
);

function read(keep: (path: string) => boolean): SnapshotResult {
  return readSnapshot({ name: "healthy", files: new Map([...FILES].filter(([path]) => keep(path))) });
}

function links(result: SnapshotResult): string[] {
  return result.network.links
    .map((link) =>
      link.members
        .map((member) => `${member.host}:${member.interface}`)
        .sort()
        .join(" = "),
    )
    .sort();
}

test("the captured cluster is read without a doubt, and every pod is behind its own device", () => {
  const result = read(() => true);
  expect(result.findings).toEqual([]);
  expect(links(result).filter((one) => one.includes("pod/"))).toHaveLength(6);
  expect(result.recognised.every((one) => one.as !== "")).toBe(true);
});

test("without the dumps of the pods' namespaces the pods are the same as far as Calico decides", () => {
  const full = read(() => true).network;
  const partial = read((path) => !path.includes("/netns/"));
  expect(partial.findings).toEqual([]);
  expect(links(partial)).toEqual(links(read(() => true)));
  for (const [name, host] of full.hosts) {
    if (host.kind !== "pod") continue;
    const made = partial.network.hosts.get(name);
    const shape = (one: typeof host | undefined): unknown => [
      [...(one?.interfaces.values() ?? [])].map((device) => [device.name, device.mtu, device.index, device.peerIndex]),
      one?.routes
        .map((route) => ({ ...route, origin: 0 }))
        .sort((x, y) => (JSON.stringify(x) < JSON.stringify(y) ? -1 : 1)),
    ];
    expect(shape(made)).toEqual(shape(host));
  }
});

test("without a description of the fabric the nodes and the gateway still share a segment", () => {
  const result = read((path) => path !== "snapshot.yaml");
  expect(links(result).filter((one) => !one.includes("pod/"))).toEqual([
    "control-plane:eth0 = host/gw:eth0 = worker-1:eth0 = worker-2:eth0",
    "host/gw:eth1 = host/internet:eth0",
  ]);
});
