import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import type { Lab, LabHost } from "../harness/lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { told } from "../harness/told.ts";

const available = await kernelAvailable();

/** What the host end of every Calico veth has: ee:ee:ee:ee:ee:ee as EUI-64. */
const GATEWAY = "fe80::ecee:eeff:feee:eeee";
/** A gateway that is nobody's address, as 169.254.1.1 is in IPv4. */
const PROXIED = "fd80::1";

interface ClusterOptions {
  readonly proxied?: boolean;
  readonly nodes?: readonly [Partial<LabHost>, Partial<LabHost>];
}

/** Two nodes on a LAN with one pod each, wired as Calico does: a /128 and the veth's link-local address as gateway. */
function cluster(options: ClusterOptions = {}): Lab {
  const node = (number: 1 | 2): LabHost => {
    const other = number === 1 ? 2 : 1;
    const changes = options.nodes?.[number - 1] ?? {};
    return {
      name: `n${number}`,
      interfaces: [
        { name: "eth0", addresses: [`fd16::1${number}/64`, `fe80::1${number}/64`] },
        { name: "cali1", mac: "ee:ee:ee:ee:ee:ee", addresses: [`${GATEWAY}/64`] },
      ],
      routes: [
        `-6 fd92:${number}::2 dev cali1`,
        `-6 blackhole fd92:${number}::/122`,
        `-6 fd92:${other}::/122 via fd16::1${other} dev eth0`,
      ],
      neighbours: options.proxied === true ? [`proxy ${PROXIED} cali1`] : [],
      ...changes,
      sysctls: {
        "net.ipv6.conf.all.forwarding": "1",
        "net.ipv6.conf.cali1.proxy_ndp": "1",
        "net.ipv6.neigh.cali1.proxy_delay": "0",
        ...changes.sysctls,
      },
    };
  };
  const gateway = options.proxied === true ? PROXIED : GATEWAY;
  const pod = (number: 1 | 2): LabHost => ({
    name: `p${number}`,
    interfaces: [{ name: "eth0", addresses: [`fd92:${number}::2/128`, `fe80::${number}2/64`] }],
    routes: [...(options.proxied === true ? [`-6 ${PROXIED} dev eth0`] : []), `-6 default via ${gateway} dev eth0`],
  });
  return {
    hosts: [node(1), node(2), pod(1), pod(2)],
    links: [
      ["n1:cali1", "p1:eth0"],
      ["n2:cali1", "p2:eth0"],
    ],
    segments: [{ name: "lan", members: ["n1:eth0", "n2:eth0"] }],
    staticNeighbours: false,
  };
}

function filter(...lines: readonly string[]): Pick<LabHost, "rulesets"> {
  const text = ["*filter", ":INPUT ACCEPT", ":FORWARD ACCEPT", ":OUTPUT ACCEPT", ...lines, "COMMIT", ""].join("\n");
  return { rulesets: [{ family: 6, text }] };
}

const PING: ProbePacket = { host: "p1", dst: "fd92:2::2", proto: "icmpv6", icmpType: 128, icmpId: 7, length: 56 };

describe.skipIf(!available)("two IPv6 nodes with a pod each, as the kernel does it", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  async function ask(options: ClusterOptions, packet: ProbePacket): Promise<string> {
    return told(await (await Duel.of(oracle, cluster(options))).agree(packet));
  }

  it("carries an echo request over both nodes, and its reply back", async () => {
    const round = await (await Duel.of(oracle, cluster())).agree(PING);
    expect(told(round)).toBe("delivered p2; echo-reply fd92:2::2 > fd92:1::2");
    expect(round.kernel.hops.map(({ host, interface: device, packet }) => `${host} ${device} ${packet.ttl}`)).toEqual([
      "p1 eth0 64",
      "n1 cali1 64",
      "n1 eth0 63",
      "n2 eth0 63",
      "n2 cali1 62",
      "p2 eth0 62",
    ]);
  });

  it("is reset by a closed port", async () => {
    const tcp: ProbePacket = { host: "p1", dst: "fd92:2::2", proto: "tcp", sport: 4000, dport: 81 };
    expect(await ask({}, tcp)).toBe("delivered p2; tcp-reset fd92:2::2 > fd92:1::2");
  });

  it("finds a gateway that the node only answers for", async () => {
    expect(await ask({ proxied: true }, PING)).toBe("delivered p2; echo-reply fd92:2::2 > fd92:1::2");
  });

  it("finds no such gateway without proxy_ndp, or where the node is no router", async () => {
    const without = (key: string): ClusterOptions => ({
      proxied: true,
      nodes: [{ sysctls: { [`net.ipv6.conf.cali1.${key}`]: "0" } }, {}],
    });
    expect(await ask(without("proxy_ndp"), PING)).toBe("unresolved");
    expect(await ask(without("forwarding"), PING)).toBe("unresolved");
  });

  it("says hop by hop who a hop limit ends at", async () => {
    expect(await ask({}, { ...PING, ttl: 1 })).toBe("rejected IP_INHDR; 3/0 fd16::11 > fd92:1::2");
    expect(await ask({}, { ...PING, ttl: 2 })).toBe("rejected IP_INHDR; 3/0 fd16::12 > fd92:1::2");
  });

  it("is silent about an address of the block that no pod has", async () => {
    expect(await ask({}, { ...PING, dst: "fd92:2::9" })).toBe("dropped NOT_SPECIFIED");
  });

  it("drops in silence what a rule of the far node drops, and tells of what one rejects", async () => {
    expect(await ask({ nodes: [{}, filter("-A FORWARD -o cali1 -j DROP")] }, PING)).toBe("dropped NETFILTER_DROP");
    expect(await ask({ nodes: [{}, filter("-A FORWARD -o cali1 -j REJECT")] }, PING)).toBe(
      "rejected NETFILTER_DROP; 1/4 fd16::12 > fd92:1::2",
    );
  });
});
