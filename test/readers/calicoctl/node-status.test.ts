import { describe, expect, test } from "vitest";
import { originTable, sourceOf } from "../../../src/model/origin.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { readNodeStatus } from "../../../src/readers/calicoctl/node-status.ts";
import { recogniseDump } from "../../../src/readers/recognise.ts";
import { fixture } from "../fixture.ts";

const WRAPPED = fixture("calicoctl/fixtures/node-status.txt");

const UNWRAPPED = `Calico process is running.

IPv4 BGP status
+--------------+-------------------+-------+----------+-----------------------------------+
| PEER ADDRESS | PEER TYPE         | STATE | SINCE    | INFO                              |
+--------------+-------------------+-------+----------+-----------------------------------+
| 192.0.2.4    | node-to-node mesh | start | 17:19:38 | Active Socket: Connection refused |
+--------------+-------------------+-------+----------+-----------------------------------+

IPv6 BGP status
+--------------+-------------------+-------+----------+-------------+
| PEER ADDRESS | PEER TYPE         | STATE | SINCE    | INFO        |
+--------------+-------------------+-------+----------+-------------+
| 2001:db8::4  | node-to-node mesh | up    | 17:19:38 | Established |
+--------------+-------------------+-------+----------+-------------+
`;

function told(text: string): readonly string[] {
  return readNodeStatus(text, "f", originTable()).evidence.bgpSessions.map(
    ({ peer, peerPort, kind, state, since, info, bgpState }) =>
      `${peer && formatAddress(peer)}${peerPort === null ? "" : ` port ${peerPort}`} ${kind} ${state} ${since} ${info} (${bgpState})`,
  );
}

describe("calicoctl node status", () => {
  test("with words wrapped into the next row is one session a peer", () => {
    expect(told(WRAPPED)).toEqual([
      "192.0.2.4 mesh start 17:19:38 Active Socket: Connection refused (Active)",
      "192.0.2.5 mesh up 2018-10-16 Established (Established)",
      "192.0.2.6 port 178 node start 17:19:40 Active Socket: Connection reset by peer (Active)",
      "192.0.2.7 global start 17:19:40 Passive (Passive)",
    ]);
  });

  test("of a calicoctl that does not wrap, with both families", () => {
    expect(told(UNWRAPPED)).toEqual([
      "192.0.2.4 mesh start 17:19:38 Active Socket: Connection refused (Active)",
      "2001:db8::4 mesh up 17:19:38 Established (Established)",
    ]);
  });

  test("cites the line of each peer, and understands all of it", () => {
    const origins = originTable();
    const { evidence, findings } = readNodeStatus(WRAPPED, "f", origins);
    expect(findings).toEqual([]);
    expect(evidence.bgpSessions.map(({ origin }) => sourceOf(origins, origin)?.line)).toEqual([7, 9, 10, 12]);
    expect(evidence.daemons).toMatchObject([{ daemon: "calico-node", running: true }]);
    expect(recogniseDump(WRAPPED)).toBe("node-status");
    expect(recogniseDump(UNWRAPPED)).toBe("node-status");
  });

  test.each([
    ["Calico process is not running.", [["calico-node", false]]],
    ["calico-node container is running. Status: Up 19 hours", [["calico-node", true]]],
    [
      "Calico process is running.\n\nINFO: BIRDv4 process: 'bird' is not running.",
      [
        ["calico-node", true],
        ["bird", false],
      ],
    ],
    ["INFO: BIRDv6 process: 'bird6' is not running.", [["bird6", false]]],
    [
      "The BGP backend process (BIRD) is not running.",
      [
        ["bird", false],
        ["bird6", false],
      ],
    ],
    [
      "None of the BGP backend processes (BIRD or GoBGP) are running.",
      [
        ["bird", false],
        ["bird6", false],
      ],
    ],
    [
      "Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/bird/bird.ctl: connect: no such file or directory",
      [["bird", false]],
    ],
  ])("that says %j tells about the daemons", (text, daemons) => {
    const { evidence, findings } = readNodeStatus(text, "f", originTable());
    expect(findings).toEqual([]);
    expect(evidence.daemons.map(({ daemon, running }) => [daemon, running])).toEqual(daemons);
    expect(recogniseDump(text) ?? "short").toMatch(/node-status|short/);
  });

  test("of GoBGP, which counts the time of a session in days, and of a peer that was never up", () => {
    const gobgp = `Calico process is running.

IPv4 BGP status
+--------------+-------------------+-------+-------------+-------------+
| PEER ADDRESS |     PEER TYPE     | STATE |    SINCE    |    INFO     |
+--------------+-------------------+-------+-------------+-------------+
| 192.0.2.4    | node-to-node mesh | up    | 1d 02:03:04 | Established |
| 192.0.2.5    | node-to-node mesh | down  | never       | Idle        |
+--------------+-------------------+-------+-------------+-------------+
`;
    expect(told(gobgp)).toEqual([
      "192.0.2.4 mesh up 1d 02:03:04 Established (Established)",
      "192.0.2.5 mesh down never Idle (Idle)",
    ]);
  });

  test("of peers of IPv6, with a port, and with a name that calicoctl made of double underscores", () => {
    const six = `IPv6 BGP status
+----------------------------+---------------+-------+----------+--------------------------------+
|        PEER ADDRESS        |   PEER TYPE   | STATE |  SINCE   |              INFO              |
+----------------------------+---------------+-------+----------+--------------------------------+
| fd80:24e2:f998:72d7::2     | global        | start | 10:01:12 | OpenSent Error: Hold timer     |
|                            |               |       |          | expired                        |
| fd00::1:port:178           | node specific | start | 10:01:12 | Connect Socket: No route to    |
|                            |               |       |          | host                           |
+----------------------------+---------------+-------+----------+--------------------------------+
`;
    expect(told(six)).toEqual([
      "fd80:24e2:f998:72d7::2 global start 10:01:12 OpenSent Error: Hold timer expired (OpenSent)",
      "fd00::1 port 178 node start 10:01:12 Connect Socket: No route to host (Connect)",
    ]);
  });

  test.each([
    "Error executing command: unknown BIRD table output format",
    "Error executing command: unable to write to BIRD socket: broken pipe",
    "Error getting peers: unexpected output line from BIRD",
  ])("that could not ask BIRD (%s) says so, and not that BIRD is down", (text) => {
    const { evidence, findings } = readNodeStatus(
      `Calico process is running.\n\nIPv4 BGP status\n${text}\n`,
      "f",
      originTable(),
    );
    expect(findings).toMatchObject([{ code: "tool-error", line: 4 }]);
    expect(evidence.daemons.map(({ daemon }) => daemon)).toEqual(["calico-node"]);
  });

  test("with a line of something else reports it", () => {
    const { findings } = readNodeStatus(`${WRAPPED}what is this\n`, "f", originTable());
    expect(findings).toMatchObject([{ code: "unknown-line", line: 18 }]);
  });
});
