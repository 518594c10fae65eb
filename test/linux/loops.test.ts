import { describe, expect, it } from "vitest";
import { parsePacketLine } from "../../src/trace/packet-question.ts";
import { createPacketSession } from "../../src/trace/packet-session.ts";
import { type Lab, type LabHost, networkOf } from "../kernel/harness/lab.ts";

/** How the packet ended, in words. */
function ending(lab: Lab, packet: object): string {
  const parsed = parsePacketLine(JSON.stringify(packet), { file: "loops", line: 1 });
  if ("findings" in parsed) throw new Error(parsed.findings[0]?.message);
  const said = createPacketSession(networkOf(lab)).ask(parsed.question);
  if ("findings" in said) throw new Error(said.findings[0]?.message);
  const run = said.answer.branches[0]?.run;
  return run?.journeys[run.first]?.end?.ending.text ?? "";
}

const FORWARDS = { "net.ipv4.ip_forward": "1" };

/** A and two routers that send everything to each other. */
function circle(): Lab {
  const router = (number: 1 | 2): LabHost => ({
    name: `R${number}`,
    interfaces: [
      { name: "l0", addresses: [`10.0.1.${number}/24`] },
      { name: "in0", addresses: [`10.0.${number + 1}.1/24`] },
    ],
    routes: [`default via 10.0.1.${3 - number}`],
    sysctls: FORWARDS,
  });
  return {
    hosts: [
      router(1),
      router(2),
      { name: "A", interfaces: [{ name: "eth0", addresses: ["10.0.2.2/24"] }], routes: ["default via 10.0.2.1"] },
    ],
    links: [
      ["R1:l0", "R2:l0"],
      ["R1:in0", "A:eth0"],
    ],
    staticNeighbours: true,
  };
}

/** Two bridges joined by two links, with a host behind each: what STP is for. */
function ring(): Lab {
  const bridge = (number: 1 | 2): LabHost => ({
    name: `S${number}`,
    interfaces: [{ name: "br0", kind: "bridge" }, ...["p1", "p2", "p3"].map((name) => ({ name, master: "br0" }))],
    sysctls: { "net.bridge.bridge-nf-call-iptables": "0" },
  });
  const host = (name: string, number: number): LabHost => ({
    name,
    interfaces: [{ name: "eth0", addresses: [`10.0.0.${number}/24`] }],
  });
  return {
    hosts: [bridge(1), bridge(2), host("A", 1), host("B", 2)],
    links: [
      ["S1:p1", "A:eth0"],
      ["S2:p1", "B:eth0"],
      ["S1:p2", "S2:p2"],
      ["S1:p3", "S2:p3"],
    ],
  };
}

describe("a packet that goes round in circles", () => {
  it("ends by its TTL between two routers, and is called a loop", () => {
    const packet = { host: "A", src: "10.0.2.2", dst: "10.99.0.1" };
    expect(ending(circle(), packet)).toMatch(/^TTL exceeded in a loop: it came to R\d l0 again and again$/);
  });

  it("ends by its TTL between two routers that translate its destination back and forth", () => {
    const lab = circle();
    const dnat = (from: string, to: string): string =>
      `*nat\n:PREROUTING ACCEPT\n:INPUT ACCEPT\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\n-A PREROUTING -d ${from} -j DNAT --to-destination ${to}\nCOMMIT\n`;
    const rulesets: Readonly<Record<string, string>> = {
      R1: dnat("10.0.2.100", "10.0.3.100"),
      R2: dnat("10.0.3.100", "10.0.2.100"),
    };
    const hosts = lab.hosts.map((host) => {
      const text = rulesets[host.name];
      if (text === undefined) return host;
      const other = host.name === "R1" ? "10.0.1.2" : "10.0.1.1";
      // What is translated goes to the other router, not to the link that its new address belongs to.
      const routes = ["10.0.2.100", "10.0.3.100"].map((to) => `${to}/32 via ${other}`);
      return { ...host, routes: [...(host.routes ?? []), ...routes], rulesets: [{ text }] };
    });
    const packet = { host: "A", src: "10.0.2.2", dst: "10.0.2.100" };
    expect(ending({ ...lab, hosts: [...hosts] }, { ...packet, dst: "10.0.3.100" })).toMatch(
      /in a loop: it came to R\d l0/,
    );
  });

  it("is no loop where the TTL ends before anything comes twice", () => {
    expect(ending(circle(), { host: "A", src: "10.0.2.2", dst: "10.99.0.1", ttl: 1 })).toBe("TTL exceeded");
    expect(ending(circle(), { host: "A", src: "10.0.2.2", dst: "10.99.0.1", ttl: 2 })).toBe("TTL exceeded");
  });

  it("ends in a broadcast storm of bridges, instead of going on for ever", () => {
    const storm = ending(ring(), { host: "A", src: "10.0.0.1", dst: "10.0.0.255" });
    expect(storm).toMatch(/delivered|storm|loop|multicasts/);
  });

  it("is dropped by a tunnel that would carry its own packets", () => {
    const lab: Lab = {
      hosts: [
        {
          name: "n1",
          interfaces: [
            { name: "eth0", addresses: ["172.16.0.1/24"] },
            {
              name: "vx",
              kind: "vxlan",
              addresses: ["10.9.0.1/24"],
              vxlan: { vni: 7, port: 4789, local: "172.16.0.1" },
            },
          ],
          routes: ["192.0.2.0/24 via 10.9.0.2 dev vx"],
          neighbours: ["10.9.0.2 vx 66:00:00:00:00:02"],
          fdb: ["66:00:00:00:00:02 vx 192.0.2.1"],
        },
      ],
      links: [],
    };
    expect(ending(lab, { host: "n1", src: "10.9.0.1", dst: "10.9.0.2" })).toBe(
      "an encapsulation loop: vx would carry its own packets",
    );
  });

  it("is cut where two tunnels carry each other's packets", () => {
    const tunnel = (name: string, vni: number, subnet: number): LabHost["interfaces"][number] => ({
      name,
      kind: "vxlan",
      addresses: [`10.${subnet}.0.1/24`],
      vxlan: { vni, port: 4789, local: "172.16.0.1" },
    });
    const lab: Lab = {
      hosts: [
        {
          name: "n1",
          interfaces: [{ name: "eth0", addresses: ["172.16.0.1/24"] }, tunnel("v1", 1, 1), tunnel("v2", 2, 2)],
          routes: ["192.0.2.1/32 via 10.2.0.2 dev v2", "192.0.2.2/32 via 10.1.0.2 dev v1"],
          neighbours: ["10.1.0.2 v1 66:00:00:00:01:02", "10.2.0.2 v2 66:00:00:00:02:02"],
          fdb: ["66:00:00:00:01:02 v1 192.0.2.1", "66:00:00:00:02:02 v2 192.0.2.2"],
        },
      ],
      links: [],
    };
    expect(ending(lab, { host: "n1", src: "10.1.0.1", dst: "10.1.0.2" })).toMatch(/^an encapsulation loop/);
  });
});
