import { expect, test } from "vitest";
import { configuredPeers } from "../../src/analysis/configured-peers.ts";
import { evidence } from "../../src/model/evidence.ts";
import { originTable } from "../../src/model/origin.ts";
import { readBirdConfiguration } from "../../src/readers/bird/configuration.ts";
import { readBirdc } from "../../src/readers/birdc/birdc.ts";
import { readNodeStatus } from "../../src/readers/calicoctl/node-status.ts";

const CONFIGURATION = `template bgp t { local as 64512; }
protocol bgp Mesh_10_0_0_2 from t { neighbor 10.0.0.2 as 64512; }
protocol bgp Mesh_10_0_0_3 from t { neighbor 10.0.0.3 as 64512; }
protocol bgp off from t { disabled; neighbor 10.0.0.4 as 64512; }
`;
const HEAD = "BIRD 1.6.8 ready.\nname proto table state since info\n";

function found(configuration: string, sessions: string): readonly string[] {
  const origins = originTable();
  const read = readBirdConfiguration(configuration, "bird.cfg", origins);
  const { bgpSessions } = sessions.startsWith("Calico")
    ? readNodeStatus(sessions, "sessions", origins).evidence
    : readBirdc(sessions, "sessions", origins).evidence;
  const host = evidence({ birdConfigurations: [read.configuration], bgpSessions });
  return configuredPeers(new Map([["n1", host]]), origins).map(
    ({ code, file, line, message }) => `${code} ${file}:${line} ${message}`,
  );
}

test("peers that have their sessions, and peers of which no session was collected, give no finding", () => {
  const both = "Mesh_10_0_0_2 BGP master up 10:00:00 Established\nMesh_10_0_0_3 BGP master start 10:00:00 Passive\n";
  expect(found(CONFIGURATION, HEAD + both)).toEqual([]);
  expect(found(CONFIGURATION, HEAD)).toEqual([]);
});

test("a peer without a session is told with both places, and a disabled one is not", () => {
  expect(found(CONFIGURATION, `${HEAD}Mesh_10_0_0_2 BGP master up 10:00:00 Established\n`)).toEqual([
    "bgp-peer-without-session bird.cfg:3 n1 is told to have a BGP session Mesh_10_0_0_3 with 10.0.0.3, and BIRD lists 1 of IPv4 without it (sessions:3).",
  ]);
});

test("a session that nobody configured is told", () => {
  const sessions =
    "Mesh_10_0_0_2 BGP master up 10:00:00 Established\nMesh_10_0_0_3 BGP master up 10:00:00 Established\nNode_10_0_0_9 BGP master start 10:00:00 Connect\n";
  expect(found(CONFIGURATION, HEAD + sessions)).toEqual([
    "bgp-session-unconfigured sessions:5 n1 has a BGP session Node_10_0_0_9 that its configuration does not have (bird.cfg:2).",
  ]);
});

test("calicoctl names no protocol: the address counts", () => {
  const status =
    "Calico process is running.\n\nIPv4 BGP status\n| PEER ADDRESS | PEER TYPE | STATE | SINCE | INFO |\n| 10.0.0.2 | node-to-node mesh | up | 10:00:00 | Established |\n| 10.0.0.3 | node-to-node mesh | start | 10:00:00 | Passive |\n";
  expect(found(CONFIGURATION, status)).toEqual([]);
});
