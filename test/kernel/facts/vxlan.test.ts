import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket, type Round } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import type { Lab, LabHost, LabInterface, LabVxlan } from "../harness/lab.ts";
import { table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

const MACS = { 1: "66:00:00:00:00:01", 2: "66:00:00:00:00:02", 3: "66:00:00:00:00:03" } as const;
type Number3 = 1 | 2 | 3;

interface Options {
  /** Changes of every node's VXLAN device, and of single ones. */
  readonly vxlan?: Partial<LabVxlan>;
  readonly nodes?: Partial<Record<Number3, Partial<LabHost> & { readonly vxlan?: Partial<LabVxlan> }>>;
  /** MTU of the VXLAN devices. */
  readonly mtu?: number;
  /** Neither permanent neighbours nor forwarding entries. */
  readonly bare?: boolean;
}

/** Three nodes n1 to n3 (172.16.0.1 to 3) on a LAN, each with a VXLAN device vx (10.9.0.1 to 3). */
function lab(options: Options = {}): Lab {
  const node = (number: Number3): LabHost => {
    const others = ([1, 2, 3] as const).filter((other) => other !== number);
    const { vxlan, ...changes } = options.nodes?.[number] ?? {};
    const device: LabInterface = {
      name: "vx",
      kind: "vxlan",
      mac: MACS[number],
      mtu: options.mtu ?? 1450,
      addresses: [`10.9.0.${number}/24`],
      vxlan: { vni: 7, port: 4789, local: `172.16.0.${number}`, ...options.vxlan, ...vxlan },
    };
    return {
      name: `n${number}`,
      interfaces: [{ name: "eth0", addresses: [`172.16.0.${number}/24`] }, device],
      ...(options.bare === true
        ? {}
        : {
            neighbours: others.map((other) => `10.9.0.${other} vx ${MACS[other]}`),
            fdb: others.map((other) => `${MACS[other]} vx 172.16.0.${other}`),
          }),
      ...changes,
    };
  };
  return {
    hosts: [node(1), node(2), node(3)],
    links: [],
    segments: [{ name: "lan", members: ["n1:eth0", "n2:eth0", "n3:eth0"] }],
    forget: true,
  };
}

const PING: ProbePacket = { host: "n1", src: "10.9.0.1", dst: "10.9.0.2", proto: "icmp", icmpType: 8, length: 8 };
const ALL = "00:00:00:00:00:00";

describe.skipIf(!available)("VXLAN, as the kernel does it", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  async function ask(options: Options, packet: ProbePacket = PING): Promise<Round> {
    return (await Duel.of(oracle, lab(options))).agree(packet);
  }
  const outer = ({ kernel }: Round) => kernel.hops.find(({ packet }) => packet.vni >= 0)?.packet;

  it("gives the outer packet TTL 64 and TOS 0 but for the ECN bits, without DF", async () => {
    const round = await ask({}, { ...PING, ttl: 9, tos: 0x1d, df: true });
    expect(outer(round)).toMatchObject({ ttl: 64, tos: 1, df: false });
    expect(outer(await ask({}, { ...PING, tos: 3 }))?.tos).toBe(2);
  });

  it("gives it the TTL of its own route, or the hop limit of the device that it leaves by", async () => {
    const routes = ["172.16.0.2 dev eth0 hoplimit 9"];
    expect(outer(await ask({ nodes: { 1: { routes } } }))?.ttl).toBe(9);
    const sysctls = { "net.ipv4.ip_default_ttl": "33" };
    expect(outer(await ask({ nodes: { 1: { sysctls } } }))?.ttl).toBe(33);
    const six = (number: Number3): Partial<LabHost> & { readonly vxlan: Partial<LabVxlan> } => {
      const { interfaces, ...rest } = lab().hosts[number - 1] ?? { interfaces: [] };
      const [, device] = interfaces;
      if (device === undefined) throw new Error("no device");
      const vxlan = { vni: 7, port: 4789, local: `fd00:16::${number}` };
      return {
        ...rest,
        interfaces: [
          { name: "eth0", addresses: [`fd00:16::${number}/64`] },
          { ...device, vxlan },
        ],
        fdb: [`${MACS[number === 1 ? 2 : 1]} vx fd00:16::${number === 1 ? 2 : 1}`],
        sysctls: { ...sysctls, "net.ipv6.conf.eth0.hop_limit": "44" },
        vxlan,
      };
    };
    expect(outer(await ask({ nodes: { 1: six(1), 2: six(2), 3: six(3) } }))?.ttl).toBe(44);
  });

  it("inherits TTL, TOS and DF where it is told to", async () => {
    const inherit = { ttl: "inherit", tos: "inherit", df: "inherit" } as const;
    const round = await ask({ vxlan: inherit }, { ...PING, ttl: 9, tos: 0x1c, df: true });
    expect(outer(round)).toMatchObject({ ttl: 9, tos: 0x1c, df: true });
    expect(outer(await ask({ vxlan: inherit }))?.df).toBe(false);
  });

  it("sets TTL, TOS and DF as it is told to", async () => {
    const round = await ask({ vxlan: { ttl: 5, tos: 0x10, df: "set" } });
    expect(outer(round)).toMatchObject({ ttl: 5, tos: 0x10, df: true });
  });

  it("hashes the source port into the range of srcport", async () => {
    const port = outer(await ask({ vxlan: { sourcePorts: { first: 20000, last: 20009 } } }))?.sport ?? 0;
    expect(port >= 20000 && port <= 20009).toBe(true);
  });

  it("hashes it else into ip_local_port_range, without the last one, or takes the only one", async () => {
    for (const range of ["41000 41002", "41000 41001", "41000 41000"]) {
      const nodes = { 1: { sysctls: { "net.ipv4.ip_local_port_range": range } } };
      const ports = new Set<number>();
      const both = await Duel.of(oracle, lab({ nodes }));
      for (let sport = 0; sport < 12; sport++) {
        const round = await both.agree({ ...PING, proto: "udp", sport: 4000 + sport, dport: 80 });
        ports.add(outer(round)?.sport ?? 0);
      }
      expect([...ports].sort()).toEqual(range === "41000 41002" ? [41000, 41001] : [41000]);
    }
  });

  it("drops what has no VXLAN header, and congestion marked on a packet that cannot tell it", async () => {
    const junk: ProbePacket = { host: "n2", interface: "eth0", src: "172.16.0.1", dst: "172.16.0.2", proto: "udp" };
    const node = await Duel.of(oracle, lab());
    for (const length of [0, 4, 7, 8, 21, 22, 40]) {
      const { kernel } = await node.agree({ ...junk, sport: 1, dport: 4789, length });
      expect(kernel.reason).toBe(length < 8 ? "PKT_TOO_SMALL" : "VXLAN_INVALID_HDR");
    }
    const text = table("mangle", ["-A POSTROUTING -p udp -m udp --dport 4789 -j TOS --set-tos 0x03/0x03"]);
    for (const tos of [0, 1, 2, 3]) {
      const { kernel } = await ask({ nodes: { 1: { rulesets: [{ text }] } } }, { ...PING, tos });
      expect(kernel.reason).toBe(tos === 0 ? "IP_TUNNEL_ECN" : null);
    }
  });

  it("drops a frame for a MAC address without an entry", async () => {
    const round = await ask({ nodes: { 1: { fdb: [] } } });
    expect(round.kernel.reason).toBe("NO_TX_TARGET");
  });

  it("sends it to the all-zero entry, or to the device's remote", async () => {
    await ask({ nodes: { 1: { fdb: [`${ALL} vx 172.16.0.2`] } } });
    await ask({ nodes: { 1: { fdb: [], vxlan: { remote: "172.16.0.2" } } } });
    await ask({ nodes: { 1: { fdb: [`${MACS[2]} vx 172.16.0.3`, `${ALL} vx 172.16.0.2`] } } });
  });

  it("asks for a way to the other end by any device, but where the entry or the device's remote names one", async () => {
    // A socket bound to a device needs no route.
    const node = { rules: ["iif lo pref 100 to 172.16.0.2 unreachable"] };
    const at = (changes: NonNullable<Options["nodes"]>[1]): Promise<Round> =>
      ask({ nodes: { 1: { ...node, ...changes } } });
    expect((await at({})).kernel.reason).toBe("IP_OUTNOROUTES");
    expect((await at({ fdb: [`${MACS[2]} vx 172.16.0.2 eth0`] })).kernel.outcome).toBe("delivered");
    const device = { fdb: [], vxlan: { remote: "172.16.0.2", device: "eth0" } };
    expect((await at(device)).kernel.outcome).toBe("delivered");
    expect((await at({ fdb: [], vxlan: { remote: "172.16.0.2" } })).kernel.reason).toBe("IP_OUTNOROUTES");
  });

  it("sends a copy to each of several remotes, of which the owner takes one", async () => {
    const round = await ask({ nodes: { 1: { fdb: [`${ALL} vx 172.16.0.2`, `${ALL} vx 172.16.0.3`] } } });
    expect(round.kernel.delivered?.host).toBe("n2");
  });

  it("asks for MAC addresses through the tunnel, as far as it goes", async () => {
    expect((await ask({ bare: true })).kernel.outcome).toBe("unresolved");
    const flooding = (a: Number3, b: Number3): Partial<LabHost> => ({
      fdb: [`${ALL} vx 172.16.0.${a}`, `${ALL} vx 172.16.0.${b}`],
    });
    const nodes = { 1: flooding(2, 3), 2: flooding(1, 3), 3: flooding(1, 2) };
    await ask({ bare: true, nodes, vxlan: { learning: true } });
    await ask({ bare: true, nodes });
  });

  it("loses the question where the far node's INPUT drops it", async () => {
    const text =
      "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -p udp --dport 4789 -j DROP\nCOMMIT\n";
    const fdb = [`${ALL} vx 172.16.0.2`];
    const nodes = { 1: { fdb }, 2: { fdb: [`${ALL} vx 172.16.0.1`], rulesets: [{ text }] } };
    expect((await ask({ bare: true, nodes })).kernel.outcome).toBe("unresolved");
  });

  it("learns where a frame came from, and refuses one that comes from elsewhere than an entry says", async () => {
    const learning = { learning: true };
    const nodes = { 1: {}, 2: { fdb: [] }, 3: {} };
    expect((await ask({ nodes, vxlan: learning })).kernel.responses[0]?.deliveredTo).toBe("n1");
    expect((await ask({ nodes })).kernel.responses[0]?.deliveredTo).toBe(null);
    const wrong = { ...nodes, 2: { fdb: [`${MACS[1]} vx 172.16.0.3`] } };
    expect((await ask({ nodes: wrong, vxlan: learning })).kernel.reason).toBe("VXLAN_ENTRY_EXISTS");
  });

  it("is dropped by a node without that identifier, and refused where nobody listens on the port", async () => {
    expect((await ask({ nodes: { 2: { vxlan: { vni: 8 } } } })).kernel.reason).toBe("VXLAN_VNI_NOT_FOUND");
    await ask({ nodes: { 2: { vxlan: { port: 4790 } } } });
  });

  it("is for another host where the inner MAC address is not the device's", async () => {
    const neighbours = ["10.9.0.2 vx 66:00:00:00:00:99"];
    const round = await ask({ nodes: { 1: { neighbours, fdb: ["66:00:00:00:00:99 vx 172.16.0.2"] } } });
    expect(round.kernel.reason).toBe("OTHERHOST");
  });

  it("drops frames that carry its own MAC address", async () => {
    const interfaces: readonly LabInterface[] = [
      { name: "eth0", addresses: ["172.16.0.2/24"] },
      {
        name: "vx",
        kind: "vxlan",
        mac: MACS[1],
        mtu: 1450,
        addresses: ["10.9.0.2/24"],
        vxlan: { vni: 7, port: 4789, local: "172.16.0.2" },
      },
    ];
    const round = await ask({
      nodes: { 1: { neighbours: [`10.9.0.2 vx ${MACS[1]}`], fdb: [`${MACS[1]} vx 172.16.0.2`] }, 2: { interfaces } },
    });
    expect(round.kernel.outcome).toBe("dropped");
  });

  it("takes the mark with it and passes OUTPUT and INPUT", async () => {
    const text = (chain: string, rule: string): string =>
      `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A ${chain} ${rule}\nCOMMIT\n`;
    const nodes = {
      1: { rulesets: [{ text: text("OUTPUT", "-o eth0 -p udp -m mark --mark 0x5 -j ACCEPT") }] },
      2: { rulesets: [{ text: text("INPUT", "-i eth0 -p udp --dport 4789 -m length --length 78 -j ACCEPT") }] },
    };
    await ask({ nodes }, { ...PING, mark: 5 });
    const dropped = { 1: { rulesets: [{ text: text("OUTPUT", "-p udp --dport 4789 -j DROP") }] } };
    expect((await ask({ nodes: dropped })).kernel.outcome).toBe("dropped");
    const rejected = { 1: { rulesets: [{ text: text("OUTPUT", "-p udp --dport 4789 -j REJECT") }] } };
    await ask({ nodes: rejected });
  });

  it("goes nowhere without a route to the other end, and does not carry its own packets", async () => {
    const far = { 1: { fdb: [`${MACS[2]} vx 192.0.2.1`] } };
    await ask({ nodes: far });
    const into = { 1: { fdb: [`${MACS[2]} vx 192.0.2.1`], routes: ["192.0.2.0/24 via 10.9.0.2 dev vx"] } };
    const round = await ask({ nodes: into });
    expect(round.kernel.outcome).toBe("dropped");
  });

  it("lets through what the device's MTU lets through", async () => {
    await ask({}, { ...PING, length: 1422 });
    await ask({}, { ...PING, length: 1423, df: true });
  });

  it("sends from the address of the route where it has no local one", async () => {
    const nodes = { 1: { vxlan: { device: "eth0" } } };
    await ask({ nodes });
    const text =
      "*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -p udp -j MASQUERADE\nCOMMIT\n";
    await ask({ nodes: { 1: { rulesets: [{ text }] } } });
  });

  it("is dropped at the fourth time that tunnels carry each other's packets", async () => {
    const tunnel = (name: string, vni: number, subnet: number): LabInterface => ({
      name,
      kind: "vxlan",
      addresses: [`10.${subnet}.0.1/24`],
      vxlan: { vni, port: 4789, local: "172.16.0.1" },
    });
    const circular: Lab = {
      hosts: [
        {
          name: "n1",
          interfaces: [{ name: "eth0", addresses: ["172.16.0.1/24"] }, tunnel("v1", 1, 1), tunnel("v2", 2, 2)],
          routes: ["192.0.2.1/32 via 10.2.0.2 dev v2", "192.0.2.2/32 via 10.1.0.2 dev v1"],
          neighbours: ["10.1.0.2 v1 66:00:00:00:01:02", "10.2.0.2 v2 66:00:00:00:02:02"],
          fdb: ["66:00:00:00:01:02 v1 192.0.2.1", "66:00:00:00:02:02 v2 192.0.2.2"],
        },
        { name: "n2", interfaces: [{ name: "eth0", addresses: ["172.16.0.2/24"] }] },
      ],
      links: [["n1:eth0", "n2:eth0"]],
    };
    const both = await Duel.of(oracle, circular);
    const round = await both.agree({ ...PING, host: "n1", src: "10.1.0.1", dst: "10.1.0.2" });
    expect(round.kernel.outcome).toBe("dropped");
    expect(round.answer.branches[0]?.run.journeys[0]?.end?.ending.text).toContain("an encapsulation loop");
  });

  it("grows where two machines send each other's outer packets into their tunnels, until it does not fit, however deep it is by then", async () => {
    const machine = (name: string, self: number, peer: number): Lab["hosts"][number] => ({
      name,
      interfaces: [
        { name: "eth0", addresses: [`172.16.0.${self}/24`] },
        {
          name: "vx",
          kind: "vxlan",
          addresses: [`10.9.0.${self}/24`],
          vxlan: { vni: 7, port: 4789, local: `172.16.0.${self}` },
        },
      ],
      routes: [`192.0.2.${peer}/32 via 172.16.0.${peer}`, `192.0.2.${self}/32 via 10.9.0.${peer} dev vx`],
      neighbours: [`10.9.0.${peer} vx 66:00:00:00:00:0${peer}`],
      fdb: [`66:00:00:00:00:0${peer} vx 192.0.2.${peer}`],
      sysctls: { "net.ipv4.ip_forward": "1", "net.ipv4.conf.all.rp_filter": "0", "net.ipv4.conf.eth0.rp_filter": "0" },
    });
    const pair = await Duel.of(oracle, {
      hosts: [machine("n1", 1, 2), machine("n2", 2, 1)],
      links: [["n1:eth0", "n2:eth0"]],
      staticNeighbours: true,
    });
    const round = await pair.agree({ ...PING, host: "n1", src: "10.9.0.1", dst: "10.9.0.2" });
    expect(round.kernel.outcome).toMatch(/dropped|rejected/);
    // More than the three that one machine would put around it at once.
    expect(round.kernel.hops.filter(({ interface: name }) => name === "vx").length).toBeGreaterThan(8);
    expect(round.answer.branches[0]?.run.journeys[0]?.end?.ending.text).toContain("in one more frame each time");
  });
});
