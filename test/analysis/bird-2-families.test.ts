import { describe, expect, test } from "vitest";
import { reconverge } from "../../src/analysis/reconverge.ts";
import { routesOf } from "../../src/bgp/reconverge.ts";
import { formatPrefix } from "../../src/net/prefix.ts";
import { readEvidence } from "../../src/readers/evidence/read-evidence.ts";
import { readSnapshot } from "../../src/readers/snapshot/read-snapshot.ts";

const ACCEPT = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";

/** A machine on a LAN of both families, with what its BIRD 2 is told beside its own networks. */
function machine(own: number, configuration: string): Readonly<Record<string, string>> {
  const folder = `nodes/n${own}`;
  return {
    [`${folder}/ip-addr.txt`]: `2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500\n    link/ether 02:00:00:00:00:0${own} brd ff:ff:ff:ff:ff:ff\n    inet 172.16.0.${own}/24 scope global eth0\n    inet6 fd00::${own}/64 scope global\n    inet6 fe80::ff:fe00:${own}/64 scope link\n`,
    [`${folder}/ip-route.txt`]: `172.16.0.0/24 dev eth0 proto kernel scope link src 172.16.0.${own}\n`,
    [`${folder}/ip-route-v6.txt`]:
      "fd00::/64 dev eth0 proto kernel metric 256 pref medium\nfe80::/64 dev eth0 proto kernel metric 256 pref medium\n",
    [`${folder}/iptables-save.txt`]: ACCEPT,
    [`${folder}/ip6tables-save.txt`]: ACCEPT,
    [`${folder}/bird.cfg`]: [
      `router id 172.16.0.${own};`,
      "protocol device { }",
      "protocol direct { ipv4; ipv6; }",
      "protocol kernel { ipv4 { export all; }; }",
      "protocol kernel { ipv6 { export all; }; }",
      `protocol static { ipv4; route 10.${own}.0.0/16 blackhole; }`,
      `protocol static { ipv6; route fd01:${own}::/32 blackhole; }`,
      configuration,
      "",
    ].join("\n"),
  };
}

const FOUR = (other: number) =>
  `protocol bgp four { local as 64512; neighbor 172.16.0.${other} as 64512; ipv4 { import all; export all; }; }`;
const SIX = (other: number) =>
  `protocol bgp six { local as 64512; neighbor fd00::${other} as 64512; ipv6 { import all; export all; }; }`;

function anew(files: Readonly<Record<string, string>>) {
  const snapshot = readSnapshot({ name: "snapshot", files: new Map(Object.entries(files)) });
  const { evidence } = readEvidence(snapshot.machines, snapshot.network.origins, snapshot.factEvidence);
  return reconverge(snapshot.network, evidence);
}

function learnt({ run }: ReturnType<typeof anew>, host: string): readonly string[] {
  return (
    routesOf(run, host)
      // routes of links are put into the kernel, too
      .filter(
        ({ protocol, type, nextHops }) => protocol === "bird" && type === "unicast" && nextHops[0]?.gateway !== null,
      )
      .map(({ destination }) => formatPrefix(destination))
      .sort()
  );
}

describe("a BIRD 2 with both families", () => {
  test("has the routes of both over a session for each, and nothing of that is uncertain", () => {
    const found = anew({ ...machine(1, FOUR(2) + SIX(2)), ...machine(2, FOUR(1) + SIX(1)) });
    expect(learnt(found, "n1")).toEqual(["10.2.0.0/16", "fd01:2::/32"]);
    expect(learnt(found, "n2")).toEqual(["10.1.0.0/16", "fd01:1::/32"]);
    expect(found.findings).toEqual([]);
    expect(found.isCertain).toBe(true);
  });

  const both = (other: number) => FOUR(other).replace(" }; }", " }; ipv6 { import all; export all; }; }");

  test("has the routes of both over one session as well, which is told once", () => {
    const found = anew({ ...machine(1, both(2)), ...machine(2, both(1)) });
    expect(learnt(found, "n1")).toEqual(["10.2.0.0/16", "fd01:2::/32"]);
    expect(learnt(found, "n2")).toEqual(["10.1.0.0/16", "fd01:1::/32"]);
    expect(found.sessions.map(({ host, name, info }) => `${host} ${name} ${info}`)).toEqual([
      "n1 four Established",
      "n2 four Established",
    ]);
    expect(found.findings).toEqual([]);
    expect(found.isCertain).toBe(true);
  });

  test("with next hops of the other family that are looked up is told, and its routes are uncertain", () => {
    const extended = (other: number) => both(other).replace("ipv6 {", "ipv6 { extended next hop;");
    const found = anew({ ...machine(1, extended(2)), ...machine(2, extended(1)) });
    expect(found.findings.map(({ message }) => message)).toEqual([
      "Not followed: extended next hop on where next hops are looked up: those of the other family are in its table.",
      "Not followed: extended next hop on where next hops are looked up: those of the other family are in its table.",
    ]);
    expect(found.isCertain).toBe(false);
  });

  test("whose filter calls itself without end is told, and what it leaves is uncertain: the real one ends there", () => {
    const loop = "function f(int a) { return f(a + 1); }\n";
    const filtered = FOUR(2).replace("import all", "import where f(1) > 3");
    const found = anew({ ...machine(1, loop + filtered), ...machine(2, FOUR(1)) });
    expect(found.findings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/f\(\) calls itself without end\. A real BIRD ends there itself/),
    ]);
    expect(found.isCertain).toBe(false);
  });

  test("with a neighbour whose configuration nobody dumped is uncertain, unless BIRD said that its session was down", () => {
    const files = { ...machine(1, FOUR(2)), ...machine(2, FOUR(1)) };
    const { "nodes/n2/bird.cfg": _, ...half } = files;
    const found = anew(half);
    expect(found.findings.map(({ message }) => message)).toContain(
      "Not followed: what 172.16.0.2 tells over four. No configuration of a BIRD there was dumped, so that nobody answers.",
    );
    expect(found.isCertain).toBe(false);
    const sessions =
      "BIRD 2.0.12 ready.\nName       Proto      Table      State  Since         Info\nfour       BGP        ---        start  10:03:16.000  Active        Socket: Connection refused\n";
    const sockets = 'tcp LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=1,fd=3))\n';
    const known = anew({ ...half, "nodes/n1/birdc-protocols.txt": sessions, "nodes/n2/sockets.txt": sockets });
    expect([known.findings, known.isCertain]).toEqual([[], true]);
  });
});
