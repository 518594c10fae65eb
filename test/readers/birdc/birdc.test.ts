import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { BgpSession, BirdRoute } from "../../../src/model/evidence.ts";
import { originTable, sourceOf } from "../../../src/model/origin.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { formatPrefix } from "../../../src/net/prefix.ts";
import { readBirdc } from "../../../src/readers/birdc/birdc.ts";
import { fixture } from "../fixture.ts";

const ARTICLE = "scenarios/debian-firewall-blocks-bgp";

function read(text: string): ReturnType<typeof readBirdc> {
  return readBirdc(text, "f", originTable());
}

function ofFixture(name: string): ReturnType<typeof readBirdc> {
  return read(fixture(`birdc/fixtures/${name}`));
}

function told({ name, kind, state, info, peer }: BgpSession): string {
  return `${name} ${kind} ${state} ${info} ${peer === null ? "?" : formatAddress(peer)}`;
}

function routeText(route: BirdRoute): string {
  const hops = route.nextHops.map(
    ({ via, interface: device, weight }) =>
      `${via === null ? "dev" : formatAddress(via)} ${device}${weight === 1 ? "" : ` x${weight}`}`,
  );
  const from = route.from === null ? "" : ` from ${formatAddress(route.from)}`;
  const metric = route.igpMetric === null ? "" : `/${route.igpMetric}`;
  return `${formatPrefix(route.destination)} ${route.type} [${hops.join(", ")}] ${route.protocol}${from}${route.primary ? " *" : ""} ${route.preference}${metric}${route.path === null ? "" : ` ${route.path}`}`;
}

const SESSIONS_OF_BIRD_1_6 = [
  "Mesh_10_9_0_2 mesh up Established 10.9.0.2",
  "Mesh_10_9_0_3 mesh up Established 10.9.0.3",
  "Node_10_9_0_2_port_178 node start Active Socket: Connection refused 10.9.0.2",
  "Global_10_9_0_77 global start Connect Socket: No route to host 10.9.0.77",
  "off1 other down  10.9.0.78",
  "pass1 other start Passive 10.9.0.79",
];

describe("birdc show protocols", () => {
  test("of the article's control plane shows two sessions that do not come up", () => {
    const file = `${ARTICLE}/bgp-blocked/snapshot/nodes/control-plane/birdc-protocols.txt`;
    const origins = originTable();
    const { evidence, findings } = readBirdc(readFileSync(file, "utf8"), file, origins);
    expect(findings).toEqual([]);
    expect(evidence.bgpSessions.map(told)).toEqual([
      "Mesh_172_16_0_10 mesh start Connect 172.16.0.10",
      "Mesh_172_16_0_11 mesh start Connect 172.16.0.11",
    ]);
    expect(evidence.bgpSessions.map(({ origin }) => sourceOf(origins, origin))).toEqual([
      { file, line: 47 },
      { file, line: 62 },
    ]);
  });

  test("of BIRD 1.6, with all, has the details of each session", () => {
    const { evidence, findings } = ofFixture("protocols-all-1.6.txt");
    expect(findings).toEqual([]);
    expect(evidence.bgpSessions.map(told)).toEqual(SESSIONS_OF_BIRD_1_6);
    const [first, , refused, , off] = evidence.bgpSessions;
    expect(first).toMatchObject({ peerAs: 64512, imported: 3, exported: 7, bgpState: "Established", lastError: null });
    expect(first?.sourceAddress && formatAddress(first.sourceAddress)).toBe("10.9.0.1");
    expect(refused).toMatchObject({
      peerPort: 178,
      peerAs: 64513,
      bgpState: "Active",
      lastError: "Socket: Connection refused",
    });
    expect(off).toMatchObject({ bgpState: "Down", imported: null });
    expect(evidence.birdProtocols.map(({ name, protocol, state }) => `${name} ${protocol} ${state}`)).toEqual([
      "static1 Static up",
      "kernel1 Kernel up",
      "device1 Device up",
      "direct1 Direct up",
    ]);
    expect(evidence.birds).toMatchObject([{ version: "1.6.8" }]);
  });

  test("of BIRD 2, with all, adds up the channels of a session", () => {
    const { evidence, findings } = ofFixture("protocols-all-2.txt");
    expect(findings).toEqual([]);
    expect(evidence.bgpSessions.map(told)).toEqual([
      "Mesh_10_9_0_2 mesh up Established 10.9.0.2",
      "Mesh_10_9_0_3 mesh up Established 10.9.0.3",
      "Node_10_9_0_2_port_178 node start Active Socket: Connection refused 10.9.0.2",
      "ll other start Connect fe80::99",
      "off1 other down  10.9.0.78",
      "pass1 other start Passive 10.9.0.79",
    ]);
    expect(evidence.bgpSessions[0]).toMatchObject({ localAs: 64512, imported: 6, exported: 10, table: null });
  });

  test.each([
    ["protocols-1.6.txt", 4],
    ["protocols-1.6-socket.txt", 4],
    ["protocols-2.txt", 6],
    ["protocols-v6-1.6.txt", 4],
  ])("in its short form (%s) tells the neighbours by the names that Calico gives", (file, others) => {
    const { evidence, findings } = ofFixture(file);
    expect(findings).toEqual([]);
    expect(evidence.birdProtocols).toHaveLength(others);
    expect(evidence.bgpSessions).toHaveLength(6);
    expect(evidence.bgpSessions.filter(({ peer }) => peer === null).map(({ name }) => name)).toEqual(
      file === "protocols-2.txt" ? ["ll", "off1", "pass1"] : ["off1", "pass1"],
    );
  });

  test("of IPv6 finds the address in the name", () => {
    const { evidence } = ofFixture("protocols-v6-1.6.txt");
    expect(evidence.bgpSessions.slice(0, 4).map(told)).toEqual([
      "Mesh_fd09__2 mesh up Established fd09::2",
      "Mesh_fd09__3 mesh up Established fd09::3",
      "Node_fd09__2_port_178 node start Active Socket: Connection refused fd09::2",
      "Global_fd09__77 global start Connect Error: Neighbor lost fd09::77",
    ]);
  });

  test("of Calico's fork, of a day before, is read", () => {
    const { evidence, findings } = read(`BIRD v0.3.3+birdv1.6.8 ready.
name     proto    table    state  since       info
static1  Static   master   up     2024-01-01
Mesh_10_0_0_2 BGP      master   up     2024-01-01  Established
Node_10_0_0_9 BGP      master   start  10:11:12    Active        Socket: Connection refused
peer     BGP      master   down   2024-01-01
`);
    expect(findings).toEqual([]);
    expect(evidence.birds).toMatchObject([{ version: "v0.3.3+birdv1.6.8" }]);
    expect(evidence.bgpSessions.map((session) => `${session.since} ${told(session)}`)).toEqual([
      "2024-01-01 Mesh_10_0_0_2 mesh up Established 10.0.0.2",
      "10:11:12 Node_10_0_0_9 node start Active Socket: Connection refused 10.0.0.9",
      "2024-01-01 peer other down  ?",
    ]);
  });

  test("pasted with a prompt, and without its heading, is read too", () => {
    const { evidence } = read("root@n1:~# birdc show protocols\nMesh_10_0_0_2 BGP master start 10:00:00 Passive\n");
    expect(evidence.bgpSessions.map(told)).toEqual(["Mesh_10_0_0_2 mesh start Passive 10.0.0.2"]);
  });
});

describe("birdc show route", () => {
  const ROUTES_OF_BIRD_1_6 = [
    "0.0.0.0/0 unicast [10.9.0.77 br0] kernel1 * 10",
    "192.168.66.0/24 unicast [10.9.0.2 br0 x2, 10.9.0.3 br0] kernel1 * 10",
    "192.168.67.0/24 unreachable [] kernel1 * 10",
    "192.168.68.0/24 prohibited [] kernel1 * 10",
    "10.9.0.0/24 unicast [dev br0] direct1 * 240",
    "10.9.0.0/24 unicast [10.9.0.2 br0] Mesh_10_9_0_2 100/0 i",
    "10.9.0.0/24 unicast [10.9.0.3 br0] Mesh_10_9_0_3 100/0 i",
    "192.168.1.0/26 blackhole [] static1 * 200",
    "192.168.2.0/26 unicast [10.9.0.2 br0] Mesh_10_9_0_2 * 100/0 i",
    "192.168.3.0/26 unicast [10.9.0.3 br0] Mesh_10_9_0_3 * 100/0 i",
    "192.168.200.0/24 unreachable [] static1 * 200",
    "192.168.200.0/24 unicast [10.9.0.2 br0] Mesh_10_9_0_2 100/0 i",
    "192.168.200.0/24 unicast [10.9.0.3 br0] Mesh_10_9_0_3 100/0 i",
  ];

  test.each(["route-1.6.txt", "route-1.6-socket.txt", "route-all-1.6.txt"])("of BIRD 1.6 (%s)", (file) => {
    const { evidence, findings } = ofFixture(file);
    expect(findings).toEqual([]);
    expect(evidence.birdRoutes.map(routeText)).toEqual(ROUTES_OF_BIRD_1_6);
  });

  test("with all keeps the attributes", () => {
    const { evidence } = ofFixture("route-all-1.6.txt");
    const route = evidence.birdRoutes.find(({ protocol }) => protocol === "Mesh_10_9_0_3");
    expect(route?.attributes.get("BGP.next_hop")).toBe("10.9.0.3");
    expect(route?.attributes.get("BGP.as_path")).toBe("");
  });

  test.each(["route-2.txt", "route-all-2.txt"])("of BIRD 2 (%s) knows the tables", (file) => {
    const { evidence, findings } = ofFixture(file);
    expect(findings).toEqual([]);
    const texts = evidence.birdRoutes.map((route) => `${route.table} ${routeText(route)}`);
    expect(texts).toHaveLength(22);
    expect(texts).toContain("master4 192.168.66.0/24 unicast [10.9.0.2 br0 x2, 10.9.0.3 br0] kernel1 * 10");
    expect(texts).toContain("master4 192.168.200.0/24 unicast [10.9.0.2 br0] Mesh_10_9_0_2 100 i");
    expect(texts).toContain("master6 fd99:3::/122 unicast [fd09::3 br0] Mesh_10_9_0_3 from 10.9.0.3 * 100 i");
  });

  test("of IPv6", () => {
    const { evidence, findings } = ofFixture("route-v6-1.6.txt");
    expect(findings).toEqual([]);
    expect(evidence.birdRoutes.map(routeText)).toContain("fd98::/64 unicast [fd09::3 br0] Mesh_fd09__3 100/0 i");
  });

  test("without a next hop that resolves, with a path, not in the kernel, of another router", () => {
    const { evidence, findings } = read(`BIRD v0.3.3+birdv1.6.8 ready.
10.1.0.0/26        unreachable [Mesh_10_0_0_2 10:00:00 from 10.128.0.244] * (100/-) [i]
10.2.0.0/26        via 10.0.0.3 on eth0 [Node_10_0_0_3 2024-01-01 from 10.0.0.9] ! (100/?) [AS64513i]
`);
    expect(findings).toEqual([]);
    expect(evidence.birdRoutes.map(routeText)).toEqual([
      "10.1.0.0/26 unreachable [] Mesh_10_0_0_2 from 10.128.0.244 * 100/unresolved i",
      "10.2.0.0/26 unicast [10.0.0.3 eth0] Node_10_0_0_3 from 10.0.0.9 * 100/unknown AS64513i",
    ]);
    expect(evidence.birdRoutes.map(({ syncError }) => syncError)).toEqual([false, true]);
  });
});

describe("birdc, the rest", () => {
  test.each([
    ["status-1.6.txt", "1.6.8"],
    ["status-2-socket.txt", "2.0.12"],
  ])("show status (%s) tells version and router id", (file, version) => {
    const { evidence, findings } = ofFixture(file);
    expect(findings).toEqual([]);
    expect(evidence.birds).toHaveLength(1);
    const [bird] = evidence.birds;
    expect(bird).toMatchObject({ version, lastReboot: expect.stringMatching(/^2026-11-26 01:0/) });
    expect(bird?.routerId && formatAddress(bird.routerId)).toBe("10.9.0.1");
  });

  test.each([
    ["interfaces-1.6.txt", ["lo 65536 127.0.0.1/8", "br0 1500 10.9.0.1/24", "v0 1500", "v1 1500"]],
    [
      "interfaces-2.txt",
      [
        "lo 65536 127.0.0.1/8 ::1/128",
        "br0 1500 10.9.0.1/24 fd09::1/64 fe80::48da:eeff:fe27:dba0/64",
        "v0 1500 fe80::a0b4:90ff:fe5e:5225/64",
        "v1 1500 fe80::48da:eeff:fe27:dba0/64",
      ],
    ],
  ])("show interfaces (%s) is read with MTU and addresses", (file, expected) => {
    const { evidence, findings } = ofFixture(file);
    expect(findings).toEqual([]);
    const texts = evidence.birdInterfaces.map(({ name, mtu, addresses }) =>
      [name, mtu, ...addresses.map(({ address, length }) => `${formatAddress(address)}/${length}`)].join(" "),
    );
    expect(texts).toEqual(expected);
  });

  test.each(["interfaces-summary-1.6.txt", "interfaces-summary-2.txt"])(
    "a summary of interfaces (%s) is told to say nothing new",
    (file) => {
      const { findings } = ofFixture(file);
      expect(findings.map(({ code }) => code)).toEqual(["says-nothing-new"]);
    },
  );

  test("an error in place of an answer is a finding", () => {
    const { evidence, findings } = read(
      "Unable to connect to server control socket (/var/run/calico/bird.ctl): No such file or directory\n",
    );
    expect(evidence.bgpSessions).toEqual([]);
    expect(findings).toMatchObject([{ code: "tool-error", line: 1 }]);
    expect(read("0001 BIRD 2.0.12 ready.\n9001 syntax error, unexpected CF_SYM\n").findings).toMatchObject([
      { code: "tool-error", line: 2 },
    ]);
  });

  test("a line of another tool is reported, and loses nothing", () => {
    const { evidence, findings } = read(
      "default via 10.0.0.1 dev eth0\nMesh_10_0_0_2 BGP master start 10:00:00 Passive\n",
    );
    expect(findings).toMatchObject([{ code: "unknown-line", line: 1 }]);
    expect(evidence.bgpSessions).toHaveLength(1);
  });
});
