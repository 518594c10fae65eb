import { expect, test } from "vitest";
import { bgpResources } from "../../src/analysis/bgp-resources.ts";
import { evidence } from "../../src/model/evidence.ts";
import { originTable } from "../../src/model/origin.ts";
import { readBirdConfiguration } from "../../src/readers/bird/configuration.ts";
import { clusterOfTexts } from "../calico/bird/cluster-of-texts.ts";
import { node, peer } from "../calico/bird/findings-of.ts";

const N1 = node("n1", "ipv4Address: 172.16.0.11/24");
const N2 = node("n2", "ipv4Address: 172.16.0.12/24");

function told(resources: readonly string[], configuration: string): readonly string[] {
  const origins = originTable();
  const cluster = clusterOfTexts([{ name: "r.yaml", text: resources.join("---\n") }], origins);
  const read = readBirdConfiguration(configuration, "bird.cfg", origins).configuration;
  const host = evidence({ birdConfigurations: [read] });
  return bgpResources(cluster, new Map([["n1", host]]), origins, null).map(
    ({ code, file, line, message }) => `${code} ${file}:${line ?? ""} ${message}`,
  );
}

const MESH = "protocol bgp Mesh_172_16_0_12 { local as 64512; neighbor 172.16.0.12 as 64512; passive on; }\n";

test("a configuration with the sessions that the resources ask for gives no finding", () => {
  expect(told([N1, N2], MESH)).toEqual([]);
  expect(told([N1, N2], `${MESH}protocol bgp by_hand { local as 1; neighbor 10.0.0.1 as 2; }\n`)).toEqual([]);
});

test("sessions too many and too few are told", () => {
  expect(told([N1], MESH)).toEqual([
    "bird-config-differs bird.cfg:1 n1: no resource asks for the BGP session Mesh_172_16_0_12.",
  ]);
  expect(told([N1, N2, peer("tor", "peerIP: 172.16.0.1", "asNumber: 65000")], MESH)).toEqual([
    "bird-config-differs bird.cfg: n1: the resources ask for a BGP session Global_172_16_0_1 with 172.16.0.1, which bird.cfg does not have.",
  ]);
});

test("a session that is written otherwise is told", () => {
  expect(told([N1, N2], MESH.replace("as 64512; passive on", "port 1179 as 64513; passive off"))).toEqual([
    "bird-config-differs bird.cfg:1 n1: Mesh_172_16_0_12 has AS number 64513, and the resources ask for 64512.",
    "bird-config-differs bird.cfg:1 n1: Mesh_172_16_0_12 has port 1179, and the resources ask for 179.",
    "bird-config-differs bird.cfg:1 n1: Mesh_172_16_0_12 is not passive, and the resources ask for the opposite.",
  ]);
});

test("what is wrong with the resources themselves is told, and nothing of what no object tells", () => {
  const secret = "password: { secretKeyRef: { name: bgp, key: tor } }";
  expect(told([N1, peer("tor", "peerIP: 172.16.0.1", secret)], "")).toEqual([
    expect.stringMatching(/^bgp-peer-without-as r.yaml:9 /),
    expect.stringMatching(/^bird-config-differs bird.cfg: n1: the resources ask for a BGP session Global_172_16_0_1 /),
  ]);
});
