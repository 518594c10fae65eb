import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readFolder } from "../../../src/cli/read-files.ts";
import { readClusterFolder } from "../../../src/readers/cluster/read-cluster.ts";
import { askProbe, prepareProbe } from "../../../src/trace/probe.ts";
import { ROOT } from "../../docs/root.ts";

const FOLDER = join(ROOT, "examples/three-nodes/cluster");
const FILES = new Map(readFolder(FOLDER));
const NODES = readFileSync(join(FOLDER, "nodes.yaml"), "utf8");

/** What the answer about a ping from a pod to one of another node rests on, of limits. */
function restsOn(nodes: string, strict = false) {
  const { network } = readClusterFolder({ name: "limits", files: new Map([...FILES, ["nodes.yaml", nodes]]) });
  const prepared = prepareProbe(network, {
    from: "pod/default/left-trsl76tcns-6tqm6",
    to: "pod/default/right-bb7tx8hd9b-krk7g",
    kind: "ping",
    protocol: null,
    port: null,
    sport: null,
    size: null,
    df: false,
  });
  if ("findings" in prepared) throw new Error(JSON.stringify(prepared.findings));
  const { assumptions, certainty } = askProbe(network, prepared.probe, { everyRule: false, strict });
  return { limits: assumptions.filter(({ code }) => code === "rate-limit-unused").length, certainty };
}

test("a limit of a declared machine that decides about a packet is unused by assumption, and uncertain when assumptions do not count", () => {
  const limited = NODES.replace(
    /worker-1: \{addresses: \[172\.16\.0\.10\/24\]\}/,
    `worker-1:
    addresses: [172.16.0.10/24]
    firewall: |
      *filter
      -A FORWARD -p icmp -m hashlimit --hashlimit-upto 3/min --hashlimit-mode srcip --hashlimit-name ping -j ACCEPT
      -A FORWARD -p icmp -j DROP
      COMMIT`,
  );
  expect(limited).not.toBe(NODES);
  expect(restsOn(NODES)).toMatchObject({ limits: 0 });
  expect(restsOn(limited)).toMatchObject({ limits: 1, certainty: "certain" });
  expect(restsOn(limited, true)).toMatchObject({ certainty: "uncertain" });
});
