import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket, type Round } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import type { Lab, LabHost } from "../harness/lab.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

const VTEP = ["66:00:00:00:00:01", "66:00:00:00:00:02"] as const;

interface ClusterOptions {
  readonly vxlan?: boolean;
  /** Changes of the nodes, first and second. */
  readonly nodes?: readonly [Partial<LabHost>, Partial<LabHost>];
  readonly defaultRoute?: boolean;
}

/** Two nodes on a LAN with one pod each, wired as Calico does: a /32, 169.254.1.1, proxy ARP on an address-less veth. */
function cluster(options: ClusterOptions = {}): Lab {
  const vxlan = options.vxlan ?? false;
  const node = (number: 1 | 2): LabHost => {
    const other = number === 1 ? 2 : 1;
    const changes = options.nodes?.[number - 1] ?? {};
    const remote = vxlan
      ? `192.168.${other}.0/26 via 192.168.${other}.0 dev vxlan.calico onlink`
      : `192.168.${other}.0/26 via 172.16.0.1${other} dev eth0`;
    return {
      name: `n${number}`,
      interfaces: [
        { name: "eth0", addresses: [`172.16.0.1${number}/24`] },
        { name: "cali1", mac: "ee:ee:ee:ee:ee:ee" },
        ...(vxlan
          ? [
              {
                name: "vxlan.calico",
                kind: "vxlan" as const,
                mac: VTEP[number - 1] ?? "",
                mtu: 1450,
                addresses: [`192.168.${number}.0/32`],
                vxlan: { vni: 4096, port: 4789, local: `172.16.0.1${number}`, device: "eth0" },
              },
            ]
          : []),
      ],
      routes: [
        `192.168.${number}.2 dev cali1 scope link`,
        `blackhole 192.168.${number}.0/26`,
        ...(options.defaultRoute === false ? [] : ["default via 172.16.0.1"]),
        remote,
      ],
      neighbours: vxlan ? [`192.168.${other}.0 vxlan.calico ${VTEP[other - 1]}`] : [],
      fdb: vxlan ? [`${VTEP[other - 1]} vxlan.calico 172.16.0.1${other}`] : [],
      ...changes,
      sysctls: {
        "net.ipv4.ip_forward": "1",
        "net.ipv4.conf.cali1.proxy_arp": "1",
        "net.ipv4.conf.cali1.rp_filter": "1",
        "net.ipv4.conf.cali1.route_localnet": "1",
        "net.ipv4.neigh.cali1.proxy_delay": "0",
        ...changes.sysctls,
      },
    };
  };
  const pod = (number: 1 | 2): LabHost => ({
    name: `p${number}`,
    interfaces: [{ name: "eth0", addresses: [`192.168.${number}.2/32`] }],
    routes: ["169.254.1.1 dev eth0 scope link", "default via 169.254.1.1 dev eth0"],
    listen: ["tcp/80"],
  });
  return {
    hosts: [
      node(1),
      node(2),
      pod(1),
      pod(2),
      {
        name: "gw",
        interfaces: [{ name: "eth0", addresses: ["172.16.0.1/24"] }],
        sysctls: { "net.ipv4.ip_forward": "1" },
      },
    ],
    links: [
      ["n1:cali1", "p1:eth0"],
      ["n2:cali1", "p2:eth0"],
    ],
    segments: [{ name: "lan", members: ["n1:eth0", "n2:eth0", "gw:eth0"] }],
    staticNeighbours: false,
  };
}

function filter(...lines: readonly string[]): Pick<LabHost, "rulesets"> {
  const text = ["*filter", ":INPUT ACCEPT", ":FORWARD ACCEPT", ":OUTPUT ACCEPT", ...lines, "COMMIT", ""].join("\n");
  return { rulesets: [{ text }] };
}

const PING: ProbePacket = {
  host: "p1",
  src: "192.168.1.2",
  dst: "192.168.2.2",
  proto: "icmp",
  icmpType: 8,
  icmpId: 7,
  icmpSeq: 1,
  length: 56,
};

describe.skipIf(!available)("two nodes with a pod each, as the kernel does it", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  async function ask(options: ClusterOptions, packet: ProbePacket): Promise<Round> {
    return (await Duel.of(oracle, cluster(options))).agree(packet);
  }

  it("carries an echo request over both nodes, and its reply back", async () => {
    const round = await ask({}, PING);
    expect(round.kernel.delivered?.host).toBe("p2");
    expect(round.kernel.responses.map((response) => response.deliveredTo)).toEqual(["p1"]);
  });

  it("counts two hops off the TTL, and answers for the first from the node's address on its LAN (I4)", async () => {
    expect((await ask({}, PING)).kernel.delivered?.packet.ttl).toBe(62);
    const round = await ask({}, { ...PING, ttl: 1 });
    expect(round.kernel.responses[0]?.packet.src).toBe("172.16.0.11");
  });

  it("drops a free address of the own block without a word, not even at TTL 1", async () => {
    for (const ttl of [64, 1]) {
      const round = await ask({}, { ...PING, dst: "192.168.1.9", ttl });
      expect(round.kernel.outcome).toBe("dropped");
      expect(round.kernel.responses).toEqual([]);
    }
  });

  it("wraps it in VXLAN: the far node answers for the second hop with its tunnel address", async () => {
    const round = await ask({ vxlan: true }, PING);
    expect(round.kernel.delivered?.host).toBe("p2");
    const hop = await ask({ vxlan: true }, { ...PING, ttl: 2 });
    expect(hop.kernel.responses[0]?.packet.src).toBe("192.168.2.0");
  });

  it("loses it silently where the far node's INPUT drops udp/4789", async () => {
    const round = await ask({ vxlan: true, nodes: [{}, filter("-A INPUT -p udp --dport 4789 -j DROP")] }, PING);
    expect(round.kernel.outcome).toBe("dropped");
    expect(round.kernel.responses).toEqual([]);
  });

  it("loses it where the forwarding entry of the far tunnel end is missing", async () => {
    const round = await ask({ vxlan: true, nodes: [{ fdb: [] }, {}] }, PING);
    expect(round.kernel.outcome).toBe("dropped");
    expect(round.kernel.host).toBe("n1");
  });

  it("sends no packet of a pod whose node has no default route: nobody answers for 169.254.1.1 (F3)", async () => {
    const round = await ask({ defaultRoute: false }, PING);
    expect(round.kernel.outcome).toBe("unresolved");
  });

  it("drops it silently on a destination node that does not forward", async () => {
    const round = await ask({ nodes: [{}, { sysctls: { "net.ipv4.ip_forward": "0" } }] }, PING);
    expect(round.kernel.outcome).toBe("dropped");
    expect(round.kernel.host).toBe("n2");
    expect(round.kernel.responses).toEqual([]);
  });

  it("is cut off by a FORWARD policy that drops, and by one that rejects from the node's LAN address", async () => {
    const dropped = await ask({ nodes: [filter("-A FORWARD -j DROP"), {}] }, PING);
    expect(dropped.kernel.outcome).toBe("dropped");
    const rejected = await ask({ nodes: [filter("-A FORWARD -j REJECT"), {}] }, PING);
    expect(rejected.kernel.responses[0]?.packet.src).toBe("172.16.0.11");
  });

  it("answers a SYN to a listening pod with SYN-ACK and to a closed port with a reset", async () => {
    const syn: ProbePacket = {
      host: "p1",
      src: "192.168.1.2",
      dst: "192.168.2.2",
      proto: "tcp",
      sport: 40000,
      flags: "S",
      seq: 1000,
    };
    const closed = await ask({}, { ...syn, dport: 81 });
    expect(closed.kernel.responses[0]?.kind).toBe("tcp-reset");
  });
});
