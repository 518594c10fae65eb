import { describe, expect, test } from "vitest";
import { sourceOf } from "../../../src/model/origin.ts";
import { readEvidence } from "../../../src/readers/evidence/read-evidence.ts";
import { readSnapshot } from "../../../src/readers/snapshot/read-snapshot.ts";

const SESSION = "BIRD 1.6.8 ready.\nMesh_10_0_0_2 BGP master start 10:00:00 Passive\n";
const ADDRESSES =
  "1: eth0: <BROADCAST,UP> mtu 1500\n    inet 10.0.0.1/24 scope global eth0\n       valid_lft forever preferred_lft forever\n";

function read(files: Readonly<Record<string, string>>) {
  const snapshot = readSnapshot({ name: "s", files: new Map(Object.entries(files)) });
  return { ...readEvidence(snapshot.machines, snapshot.network.origins), snapshot };
}

describe("evidence", () => {
  test("stands under the name of its host, in the snapshot's own table of origins", () => {
    const { evidence, recognised, snapshot } = read({
      "nodes/n1/ip-addr.txt": ADDRESSES,
      "nodes/n1/birdc-protocols.txt": SESSION,
      "hosts/rr/birdc-protocols.txt": SESSION,
    });
    expect([...evidence.keys()].sort()).toEqual(["host/rr", "n1"]);
    const [session] = evidence.get("n1")?.bgpSessions ?? [];
    expect(session?.bgpState).toBe("Passive");
    expect(sourceOf(snapshot.network.origins, session?.origin ?? 0)).toEqual({
      file: "nodes/n1/birdc-protocols.txt",
      line: 2,
    });
    expect(recognised).toContainEqual({
      path: "nodes/n1/birdc-protocols.txt",
      as: "birdc show protocols all",
      items: 1,
    });
  });

  test("of both families of a node comes together", () => {
    const { evidence } = read({
      "nodes/n1/birdc-protocols.txt": SESSION,
      "nodes/n1/birdc6-protocols.txt": SESSION.replace("10_0_0_2", "fd00__2"),
    });
    expect(evidence.get("n1")?.bgpSessions.map(({ name }) => name)).toEqual(["Mesh_10_0_0_2", "Mesh_fd00__2"]);
  });

  test("in the wrong file is told, once", () => {
    const { findings, snapshot } = read({ "nodes/n1/birdc-protocols.txt": "net.ipv4.ip_forward = 1\n" });
    expect(findings).toMatchObject([{ code: "wrong-file", file: "nodes/n1/birdc-protocols.txt" }]);
    expect(snapshot.findings.filter(({ code }) => code === "wrong-file")).toEqual([]);
  });
});
