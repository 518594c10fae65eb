import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bridgeLab } from "../harness/bridge-lab.ts";
import { Duel, type ProbePacket, type Round } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import type { Lab, LabHost } from "../harness/lab.ts";
import { table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

const C_MAC = "66:00:00:00:00:0c";

/** S copies what its bridge forwards to C, whose MAC address it knows or asks for. */
function copyingBridge(rules: readonly string[], known: boolean): Lab {
  return bridgeLab({
    bridge: {
      rulesets: [{ text: table("mangle", rules) }],
      neighbours: known ? [`10.0.0.3 br0 ${C_MAC}`] : [],
    },
    hosts: { C: { interfaces: [{ name: "eth0", mac: C_MAC, addresses: ["10.0.0.3/24"] }] } },
    staticNeighbours: true,
  });
}

const FRAME: ProbePacket = { host: "A", src: "10.0.0.1", dst: "10.0.0.2", proto: "udp", sport: 1, dport: 9, length: 8 };

const MACS = ["66:00:00:00:00:01", "66:00:00:00:00:02", "66:00:00:00:00:03"] as const;

/** Nodes n1 to n3 on a LAN and on a VXLAN; n1 copies what it sends, to n3 through the tunnel, and what tunnels send, to n3 on the LAN. */
function copyingTunnel(known: boolean): Lab {
  const rules = table("mangle", [
    "-A OUTPUT -p icmp -j TEE --gateway 10.9.0.3",
    "-A OUTPUT -p udp --dport 4789 -j TEE --gateway 172.16.0.3",
  ]);
  const node = (index: number): LabHost => {
    const number = index + 1;
    const others = [0, 1, 2].filter((other) => other !== index);
    const asks = index === 0 && !known;
    return {
      name: `n${number}`,
      interfaces: [
        { name: "eth0", addresses: [`172.16.0.${number}/24`] },
        {
          name: "vx",
          kind: "vxlan",
          mac: MACS[index] ?? "",
          mtu: 1450,
          addresses: [`10.9.0.${number}/24`],
          vxlan: { vni: 7, port: 4789, local: `172.16.0.${number}` },
        },
      ],
      neighbours: others.flatMap((other) => (asks && other === 2 ? [] : [`10.9.0.${other + 1} vx ${MACS[other]}`])),
      fdb: [
        ...others.map((other) => `${MACS[other]} vx 172.16.0.${other + 1}`),
        ...(index === 0 ? ["00:00:00:00:00:00 vx 172.16.0.3"] : []),
      ],
      ...(index === 0 ? { rulesets: [{ text: rules }] } : {}),
    };
  };
  return {
    hosts: [node(0), node(1), node(2)],
    links: [],
    segments: [{ name: "lan", members: ["n1:eth0", "n2:eth0", "n3:eth0"] }],
    forget: true,
  };
}

const PING: ProbePacket = { host: "n1", src: "10.9.0.1", dst: "10.9.0.2", proto: "icmp", icmpType: 8, length: 8 };

/** How often a rule of that chain was met, but by answers. */
function met({ kernel }: Round, chain: string, index: number): number {
  return kernel.rules.filter((rule) => rule.chain === chain && rule.index === index).length;
}

describe.skipIf(!available)("copies that TEE makes and that wait for a neighbour, as the kernel sends them", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  it("are copied where a bridge sends them after that, and those copies are not", async () => {
    const passes = async (known: boolean): Promise<number> => {
      const rules = ["-A POSTROUTING -p udp -j TEE --gateway 10.0.0.3"];
      const round = await (await Duel.of(oracle, copyingBridge(rules, known))).agree(FRAME);
      return met(round, "OUTPUT", 0);
    };
    expect(await passes(true)).toBe(1);
    expect(await passes(false)).toBe(2);
  });

  it("are copied by no rule that a packet meets before it waits", async () => {
    for (const chain of ["OUTPUT", "FORWARD", "PREROUTING"]) {
      for (const known of [true, false]) {
        const rules = [`-A ${chain} -p udp -j TEE --gateway 10.0.0.3`];
        await (await Duel.of(oracle, copyingBridge(rules, known))).agree(FRAME);
      }
    }
  });

  it("are copied in the packet that a tunnel makes of them after that", async () => {
    const copies = async (known: boolean): Promise<number> => {
      const round = await (await Duel.of(oracle, copyingTunnel(known))).agree(PING);
      return met(round, "OUTPUT", 2);
    };
    const known = await copies(true);
    expect(await copies(false)).toBe(known + 1);
  });
});
