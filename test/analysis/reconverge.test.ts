import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { compareSnapshots } from "../../src/analysis/compare-snapshots.ts";
import { type Reconverged, reconverge } from "../../src/analysis/reconverge.ts";
import { netsOf } from "../../src/bgp/rib/table.ts";
import { readFolder } from "../../src/cli/read-files.ts";
import { readEvidence } from "../../src/readers/evidence/read-evidence.ts";
import type { SnapshotFiles } from "../../src/readers/snapshot/files.ts";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";
import { askProbe, prepareProbe } from "../../src/trace/probe.ts";

const CAPTURES = fileURLToPath(new URL("../../scenarios/debian-firewall-blocks-bgp", import.meta.url));

function filesOf(name: string): Map<string, SnapshotFiles["files"] extends ReadonlyMap<string, infer V> ? V : never> {
  return new Map(readFolder(join(CAPTURES, name, "snapshot")));
}

/** BGP anew in one capture, with the firewall that the nodes have in another. */
function withRulesOf(name: string, rules: string): Reconverged {
  const files = filesOf(name);
  for (const [path, text] of filesOf(rules)) if (/^nodes\/[^/]+\/ip.*-save\.txt$/.test(path)) files.set(path, text);
  for (const path of files.keys()) if (path.endsWith("nft-ruleset.txt")) files.delete(path);
  const snapshot = readSnapshot({ name, files });
  const { evidence } = readEvidence(snapshot.machines, snapshot.network.origins, snapshot.factEvidence);
  return reconverge(snapshot.network, evidence);
}

function established({ sessions }: Reconverged): number {
  return sessions.filter(({ bgpState }) => bgpState === "Established").length;
}

function birdRoutes({ network }: Reconverged): number {
  let count = 0;
  for (const { routes } of network.hosts.values()) {
    for (const { protocol, type } of routes) if (protocol === "bird" && type === "unicast") count++;
  }
  return count;
}

function ping({ network }: Reconverged): string {
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
  if ("findings" in prepared) throw new Error("the probe cannot be asked");
  return askProbe(network, prepared.probe, { steps: false, strict: false }).branches[0]?.run.report?.result ?? "none";
}

describe("BGP that runs anew from the dumps", () => {
  test("follows the firewall: the healthy cluster loses its routes when its nodes get the hardened rules", () => {
    const healthy = withRulesOf("healthy", "healthy");
    expect([established(healthy), birdRoutes(healthy), ping(healthy)]).toEqual([6, 6, "answered"]);
    const hardened = withRulesOf("healthy", "bgp-blocked");
    expect([established(hardened), birdRoutes(hardened), ping(hardened)]).toEqual([0, 0, "timeout"]);
  });

  test("follows the repair: the broken cluster gets its routes once port 179 is open", () => {
    const repaired = withRulesOf("bgp-blocked", "healthy");
    expect([established(repaired), birdRoutes(repaired), ping(repaired)]).toEqual([6, 6, "answered"]);
  });

  test("breaks nothing where only the side that dials drops what comes to 179", () => {
    const found = withRulesOf("healthy", "bgp-blocked-where-nothing-breaks");
    expect([established(found), birdRoutes(found)]).toEqual([6, 6]);
  });

  test("has no route by a neighbour without the session that carried it", () => {
    for (const rules of ["healthy", "bgp-blocked", "bgp-blocked-by-reject"]) {
      const { run } = withRulesOf("healthy", rules);
      for (const [speaker] of run.speakers.values()) {
        for (const { routes } of speaker === undefined ? [] : netsOf(speaker.table)) {
          for (const { source, owner } of routes) {
            if (source !== "bgp") continue;
            const peer = speaker?.peers.find(({ protocol }) => protocol.owner === owner);
            expect(peer?.protocol.state).toBe("up");
          }
        }
      }
    }
  });

  test("differs from a healthy dump in nothing", () => {
    const snapshot = readSnapshot({ name: "healthy", files: filesOf("healthy") });
    const { evidence } = readEvidence(snapshot.machines, snapshot.network.origins, snapshot.factEvidence);
    const { network, sessions } = reconverge(snapshot.network, evidence);
    const dumped = [...evidence].flatMap(([host, { bgpSessions }]) => bgpSessions.map((item) => ({ ...item, host })));
    const difference = compareSnapshots(
      { name: "dumped", network: snapshot.network, sessions: dumped },
      { name: "anew", network, sessions },
    );
    expect([difference.routes, difference.sessions, difference.rules]).toEqual([[], [], []]);
  });
});
