import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { renderedBird, renderedEvidence } from "../../src/analysis/rendered-bird.ts";
import { routesOf, runFor, SETTLING_TIME, startDaemons } from "../../src/bgp/reconverge.ts";
import { speakerOf } from "../../src/bgp/speaker/from-bird.ts";
import { shownState } from "../../src/bgp/speaker/peer.ts";
import type { Network } from "../../src/model/network.ts";
import type { Route } from "../../src/model/route.ts";
import { formatAddress } from "../../src/net/address.ts";
import { formatPrefix } from "../../src/net/prefix.ts";
import { readClusterFolder } from "../../src/readers/cluster/read-cluster.ts";

const FOLDER = "examples/three-nodes/cluster";

function clusterWith(more: Readonly<Record<string, string>>) {
  const files = new Map(readdirSync(FOLDER).map((name) => [name, readFileSync(join(FOLDER, name), "utf8")]));
  for (const [name, text] of Object.entries(more)) files.set(name, text);
  return readClusterFolder({ name: "three-nodes", files });
}

/** Starts what the rendered configurations say, and lets it run until sessions stand as they will. */
function ranFrom(result: ReturnType<typeof clusterWith>) {
  const context = renderedBird(result.cluster, result.settled);
  const evidence = renderedEvidence(context, result.network.origins);
  const faults: string[] = [];
  const speakers = new Map(
    [...evidence].map(([name, { birdConfigurations }]) => [
      name,
      birdConfigurations.flatMap((configuration, i) => {
        const read = speakerOf(configuration, i === 0 ? 4 : 6, null);
        faults.push(...read.faults.map(({ text }) => text));
        return read.speaker ?? [];
      }),
    ]),
  );
  const run = startDaemons(result.network, speakers);
  runFor(run, SETTLING_TIME);
  const sessions = [...run.speakers].flatMap(([node, items]) =>
    items.flatMap(({ peers }) => peers.map((peer) => `${node} ${peer.configuration.name} ${shownState(peer)}`)),
  );
  return { run, faults, sessions };
}

function ofBird(routes: readonly Route[]): readonly string[] {
  return routes
    .filter(({ protocol }) => protocol === "bird")
    .map((route) => {
      const hops = route.nextHops.map(
        (hop) => `${hop.gateway === null ? "" : formatAddress(hop.gateway)} ${hop.interface}`,
      );
      return `${route.type} ${formatPrefix(route.destination)} ${hops.join(", ")}`;
    })
    .sort();
}

function assumed(network: Network, node: string): readonly string[] {
  return ofBird(network.hosts.get(node)?.routes ?? []);
}

const NODES = ["control-plane", "worker-1", "worker-2"];
const CALICO = readFileSync(join(FOLDER, "calico.yaml"), "utf8");
const MACHINES = readFileSync(join(FOLDER, "nodes.yaml"), "utf8");

/** The same cluster, with another encapsulation and these resources of Calico. */
function calico(encapsulation: string, ...resources: readonly string[]): Readonly<Record<string, string>> {
  const text = CALICO.replace("encapsulation: None", `encapsulation: ${encapsulation}`);
  return { "calico.yaml": [text, ...resources].join("---\n") };
}

function resource(kind: string, name: string, spec: string): string {
  return `apiVersion: projectcalico.org/v3\nkind: ${kind}\nmetadata: { name: ${name} }\nspec: ${spec}\n`;
}

const NO_MESH = resource("BGPConfiguration", "default", "{ nodeToNodeMeshEnabled: false }");
const PEERS = resource("BGPPeer", "rr", '{ nodeSelector: "!has(rr)", peerSelector: "has(rr)" }');
const REFLECTOR = resource(
  "Node",
  "control-plane",
  "{ bgp: { ipv4Address: 172.16.0.9/24, routeReflectorClusterID: 244.0.0.1 } }",
);

describe("BIRDs that are started from what podpath renders", () => {
  test.each([
    ["without encapsulation", {}],
    ["with IPIP", calico("IPIP")],
    ["with IPIP between subnets", calico("IPIPCrossSubnet")],
    ["with a listenPort", calico("None", resource("BGPConfiguration", "default", "{ listenPort: 1179 }"))],
    ["of an AS of its own", calico("None", resource("BGPConfiguration", "default", "{ asNumber: 65001 }"))],
  ])("establish the mesh %s, and leave the routes that a cluster is assumed to have", (_, files) => {
    const result = clusterWith(files);
    const { run, faults, sessions } = ranFrom(result);
    expect(faults).toEqual([]);
    expect(sessions.filter((session) => session.endsWith(" Established"))).toHaveLength(6);
    for (const node of NODES) {
      expect(assumed(result.network, node), node).not.toEqual([]);
      expect(ofBird(routesOf(run, node)), node).toEqual(assumed(result.network, node));
    }
  });

  test("reach each other through a route reflector", () => {
    const labels = MACHINES.replace('control-plane: ""}', 'control-plane: "", rr: "yes"}');
    const result = clusterWith({ ...calico("None", NO_MESH, PEERS, REFLECTOR), "nodes.yaml": labels });
    const { run, sessions } = ranFrom(result);
    expect(sessions.sort()).toEqual([
      "control-plane Node_172_16_0_10 Established",
      "control-plane Node_172_16_0_11 Established",
      "worker-1 Node_172_16_0_9 Established",
      "worker-2 Node_172_16_0_9 Established",
    ]);
    for (const node of NODES) expect(ofBird(routesOf(run, node)), node).toEqual(assumed(result.network, node));
  });

  test("have no session and no route of others where nobody asks for one", () => {
    const { run, sessions } = ranFrom(clusterWith(calico("None", NO_MESH)));
    expect(sessions).toEqual([]);
    for (const node of NODES) {
      expect(ofBird(routesOf(run, node)).filter((route) => route.startsWith("unicast"))).toEqual([]);
    }
  });

  test("stay without each other where the peer's AS number is wrong", () => {
    const wrong = resource("BGPPeer", "tor", "{ node: worker-1, peerIP: 172.16.0.11, asNumber: 65001 }");
    const { sessions } = ranFrom(clusterWith(calico("None", NO_MESH, wrong)));
    expect(sessions).toEqual([expect.stringMatching(/^worker-1 Node_172_16_0_11 (?!Established)/)]);
  });
});
