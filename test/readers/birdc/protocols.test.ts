import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { formatAddress } from "../../../src/net/address.ts";
import { readBgpSessions } from "../../../src/readers/birdc/protocols.ts";

const ARTICLE = "scenarios/debian-firewall-blocks-bgp";

function told(text: string): readonly string[] {
  return readBgpSessions(text).map(
    ({ name, state, info, neighbour, line }) =>
      `${line} ${name} ${state} ${info} ${neighbour === null ? "?" : formatAddress(neighbour)}`,
  );
}

describe("birdc show protocols", () => {
  test("of the article's control plane shows two sessions that do not come up", () => {
    const text = readFileSync(`${ARTICLE}/bgp-blocked/snapshot/nodes/control-plane/birdc-protocols.txt`, "utf8");
    expect(told(text)).toMatchObject(
      [
        /^\d+ Mesh_172_16_0_10 start Connect 172\.16\.0\.10$/,
        /^\d+ Mesh_172_16_0_11 start Connect 172\.16\.0\.11$/,
      ].map((pattern) => expect.stringMatching(pattern)),
    );
  });

  test("without `all`, the neighbour is told by the name that Calico gives", () => {
    const text = `BIRD v0.3.3+birdv1.6.8 ready.
name     proto    table    state  since       info
static1  Static   master   up     2024-01-01
Mesh_10_0_0_2 BGP      master   up     2024-01-01  Established
Node_10_0_0_9 BGP      master   start  10:11:12    Active        Socket: Connection refused
peer     BGP      master   down   2024-01-01
`;
    expect(told(text)).toEqual([
      "4 Mesh_10_0_0_2 up Established 10.0.0.2",
      "5 Node_10_0_0_9 start Active Socket: Connection refused 10.0.0.9",
      "6 peer down  ?",
    ]);
  });

  test("of BIRD 2 is the same, with milliseconds", () => {
    const text = `BIRD 2.0.12 ready.
Name       Proto      Table      State  Since         Info
uplink     BGP        ---        up     12:00:00.123  Established
  BGP state:          Established
    Neighbor address: 2001:db8::1%eth0
`;
    expect(told(text)).toEqual(["3 uplink up Established 2001:db8::1"]);
  });

  test("pasted with a prompt is read too", () => {
    expect(told("root@n1:~# birdc show protocols\nMesh_10_0_0_2 BGP master start 10:00:00 Passive\n")).toEqual([
      "2 Mesh_10_0_0_2 start Passive 10.0.0.2",
    ]);
  });

  test("of another tool gives nothing", () => {
    expect(readBgpSessions("default via 10.0.0.1 dev eth0\n")).toEqual([]);
  });
});
