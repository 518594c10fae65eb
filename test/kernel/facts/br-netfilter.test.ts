import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BridgeOptions, bridgeLab, rules } from "../harness/bridge-lab.ts";
import { Duel, type ProbePacket, type Round } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

const PING: ProbePacket = { host: "A", src: "10.0.0.1", dst: "10.0.0.2", proto: "icmp", icmpType: 8, length: 8 };
const SYN: ProbePacket = {
  host: "A",
  src: "10.0.0.1",
  dst: "10.0.0.2",
  proto: "tcp",
  sport: 4000,
  dport: 80,
  flags: "S",
};

describe.skipIf(!available)("rules for bridged frames, as the kernel runs them", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  async function ask(options: BridgeOptions, packet: ProbePacket): Promise<Round> {
    return (await Duel.of(oracle, bridgeLab(options))).agree(packet);
  }

  const chains = ({ kernel }: Round): readonly string[] =>
    kernel.rules.map(({ table, chain, index }) => `${table} ${chain} ${index}`);

  it("runs PREROUTING, FORWARD and POSTROUTING with the bridge as the device, and keeps the TTL", async () => {
    const tables = [
      rules("raw", "-A PREROUTING -i br0 -j ACCEPT"),
      rules("filter", "-A FORWARD -i br0 -o br0 -m ttl --ttl-eq 64 -j ACCEPT"),
      rules("mangle", "-A POSTROUTING -o br0 -j MARK --set-mark 1"),
    ];
    const text = tables.map(({ rulesets }) => rulesets?.[0]?.text ?? "").join("");
    const bridge = { rulesets: [{ text }] };
    expect(chains(await ask({ bridge }, PING))).toEqual([
      "raw PREROUTING 1",
      "mangle PREROUTING 0",
      "mangle FORWARD 0",
      "filter FORWARD 1",
      "mangle POSTROUTING 1",
      "mangle POSTROUTING 0",
    ]);
  });

  const PHYSDEV = [
    "-A PREROUTING -m physdev --physdev-in p1 -j MARK --set-mark 1",
    "-A PREROUTING -m physdev ! --physdev-is-in -j MARK --set-mark 2",
    "-A PREROUTING -m physdev --physdev-is-bridged -j MARK --set-mark 3",
    "-A INPUT -m physdev --physdev-in p+ -j MARK --set-mark 4",
    "-A INPUT -m physdev ! --physdev-is-bridged -j MARK --set-mark 5",
    "-A FORWARD -m physdev --physdev-in p1 -j MARK --set-mark 6",
    "-A FORWARD -m physdev --physdev-is-bridged --physdev-out p2 -j MARK --set-mark 7",
    "-A FORWARD -m physdev --physdev-is-bridged ! --physdev-out p3 -j MARK --set-mark 8",
    "-A FORWARD -m physdev ! --physdev-is-out -j MARK --set-mark 9",
    "-A FORWARD -m physdev ! --physdev-in p1 -j MARK --set-mark 10",
    "-A POSTROUTING -m physdev --physdev-is-bridged --physdev-out p2 -j MARK --set-mark 11",
    "-A POSTROUTING -m physdev --physdev-is-in -j MARK --set-mark 12",
    "-A POSTROUTING -m physdev ! --physdev-is-bridged -j MARK --set-mark 13",
    "-A OUTPUT -m physdev ! --physdev-is-in -j MARK --set-mark 14",
  ];

  it("tells the ports to physdev, for frames that are bridged, routed and received here", async () => {
    const bridge = rules("mangle", ...PHYSDEV);
    await ask({ bridge }, PING);
    await ask({ bridge }, { ...PING, dst: "10.0.1.2" });
    await ask({ bridge }, { ...PING, dst: "10.0.0.254" });
    await ask({ bridge }, { ...PING, host: "D", src: "10.0.1.2" });
    await ask({ bridge }, { ...PING, host: "S", src: "10.0.0.254" });
    await ask({ bridge, callIptables: false }, { ...PING, dst: "10.0.1.2" });
  });

  it("shows a frame for another host as one for this host", async () => {
    const bridge = rules("mangle", "-A PREROUTING -m pkttype --pkt-type unicast -j MARK --set-mark 1");
    expect(chains(await ask({ bridge }, PING))[0]).toBe("mangle PREROUTING 1");
  });

  it("tracks bridged connections once", async () => {
    const bridge = rules(
      "filter",
      "-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT",
      "-A FORWARD -m conntrack --ctstate NEW -j ACCEPT",
      "-A FORWARD -j DROP",
    );
    const round = await ask({ bridge }, PING);
    expect(round.kernel.responses[0]?.deliveredTo).toBe("A");
  });

  it("translates the source of bridged frames", async () => {
    await ask({ bridge: rules("nat", "-A POSTROUTING -s 10.0.0.1/32 -j SNAT --to-source 10.0.0.254") }, PING);
    await ask({ bridge: rules("nat", "-A POSTROUTING -s 10.0.0.1/32 -j MASQUERADE") }, PING);
  });

  it("sends a frame whose destination was translated to a host behind the same bridge there", async () => {
    const bridge = rules("nat", "-A PREROUTING -d 10.0.0.2/32 -j DNAT --to-destination 10.0.0.3");
    await ask({ bridge }, PING);
    await ask({ bridge, callIptables: false }, PING);
    await ask({ bridge: { ...bridge, sysctls: { "net.ipv4.ip_forward": "0" } } }, PING);
  });

  it("takes up a frame whose destination was translated to another network, or to this host", async () => {
    await ask({ bridge: rules("nat", "-A PREROUTING -d 10.0.0.2/32 -j DNAT --to-destination 10.0.1.2") }, PING);
    await ask({ bridge: rules("nat", "-A PREROUTING -d 10.0.0.2/32 -j DNAT --to-destination 10.0.0.254") }, PING);
    await ask({ bridge: rules("nat", "-A PREROUTING -d 10.0.0.2/32 -p tcp -j REDIRECT --to-ports 81") }, SYN);
    const off = { "net.ipv4.ip_forward": "0" };
    await ask(
      { bridge: { ...rules("nat", "-A PREROUTING -d 10.0.0.2/32 -j DNAT --to-destination 10.0.1.2"), sysctls: off } },
      PING,
    );
    await ask({ bridge: rules("nat", "-A PREROUTING -d 10.0.0.2/32 -j DNAT --to-destination 10.77.0.1") }, PING);
  });

  it("rejects bridged frames with an error from the bridge's address, and with a reset out of the port", async () => {
    await ask({ bridge: rules("filter", "-A FORWARD -j REJECT") }, PING);
    await ask({ bridge: rules("filter", "-A FORWARD -p tcp -j REJECT --reject-with tcp-reset") }, SYN);
    await ask(
      { bridge: rules("filter", "-A INPUT -p tcp -j REJECT --reject-with tcp-reset") },
      { ...SYN, dst: "10.0.0.254" },
    );
    await ask(
      { bridge: rules("filter", "-A FORWARD -p tcp -j REJECT --reject-with tcp-reset") },
      { ...SYN, dst: "10.0.1.2" },
    );
  });

  it("runs them for each copy of a flooded frame", async () => {
    const bridge = rules("filter", "-A FORWARD -m physdev --physdev-is-bridged --physdev-out p2 -j DROP");
    const neighbours = ["10.0.0.9 eth0 02:99:99:99:99:99"];
    await ask({ bridge, hosts: { A: { neighbours } } }, { ...PING, dst: "10.0.0.9" });
    await ask({ bridge }, { ...PING, dst: "10.0.0.255" });
  });
});

const MACS = { S: "02:00:00:01:00:02", A: "02:00:00:02:00:02", B: "02:00:00:03:00:02" } as const;

/** The bridge's lab in IPv6, with its neighbours known. */
function lab6(callIp6tables: string, text: string, mtu = 1500): BridgeOptions {
  const end = (name: "A" | "B", own: number, other: "A" | "B") => ({
    interfaces: [{ name: "eth0", mtu, addresses: [`fd00::${own}/64`, `fe80::${own}/64`] }],
    routes: ["-6 default via fd00::fe"],
    neighbours: [`fd00::${3 - own} eth0 ${MACS[other]}`, `fd00::fe eth0 ${MACS.S}`],
    sysctls: { "net.ipv6.icmp.ratemask": "" },
    name,
  });
  return {
    device: { addresses: ["fd00::fe/64", "fe80::fe/64"] },
    ports: [{ mtu }, { mtu }, { mtu }],
    hosts: { A: end("A", 1, "B"), B: end("B", 2, "A") },
    bridge: {
      neighbours: [`fd00::1 br0 ${MACS.A}`, `fd00::2 br0 ${MACS.B}`],
      bridgeFdb: [`${MACS.A} p1 br0`, `${MACS.B} p2 br0`],
      rulesets: [{ family: 6, text }],
      sysctls: { "net.ipv6.conf.all.forwarding": "1", "net.bridge.bridge-nf-call-ip6tables": callIp6tables },
    },
  };
}

describe.skipIf(!available)("rules for bridged frames of IPv6, and fragments, as the kernel runs them", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const udp: ProbePacket = { host: "A", src: "fd00::1", dst: "fd00::2", proto: "udp", sport: 4000, dport: 80 };

  it.each(["0", "1"])("bridge-nf-call-ip6tables %s", async (value) => {
    const text =
      table("raw", ["-A PREROUTING -i br0 -p udp -j ACCEPT"]) +
      table("mangle", [
        "-A PREROUTING -m physdev --physdev-in p1 -j MARK --set-mark 1",
        "-A FORWARD -m physdev --physdev-is-bridged --physdev-out p2 -j MARK --set-mark 2",
        "-A FORWARD -m conntrack --ctstate NEW -j MARK --set-mark 4",
        "-A POSTROUTING -m physdev --physdev-is-bridged -j MARK --set-mark 3",
        "-A INPUT -m physdev --physdev-in p1 -j MARK --set-mark 5",
      ]) +
      table("filter", [
        "-A FORWARD -p udp -m udp --dport 81 -j DROP",
        "-A FORWARD -p udp -m udp --dport 82 -j REJECT",
        "-A FORWARD -p tcp -j REJECT --reject-with tcp-reset",
      ]) +
      table("nat", ["-A PREROUTING -p udp -m udp --dport 83 -j DNAT --to-destination [fd00::fe]:84"]);
    const both = await Duel.of(oracle, bridgeLab(lab6(value, text)));
    for (const dport of [80, 81, 82, 83]) {
      const { kernel } = await both.agree({ ...udp, dport });
      expect(kernel.rules.some(({ host }) => host === "S")).toBe(value === "1");
    }
    await both.agree({ ...udp, proto: "tcp", flags: "S" });
    await both.agree({ ...udp, proto: "icmpv6" });
    await both.agree({ ...udp, dst: "fd00::fe" });
    await both.agree({ ...udp, host: "S", src: "fd00::fe" });
  });

  const JOINING = ([4, 6] as const).flatMap((family) => ["0", "1"].map((value) => [family, value] as const));

  it.each(JOINING)(
    "joins fragments of IPv%i where connection tracking sees them: nf-call %s",
    async (family, value) => {
      const text = table("mangle", [
        "-A PREROUTING -m conntrack --ctstate NEW",
        "-A FORWARD -p udp -m udp --dport 80",
        "-A FORWARD -p udp -m length --length 0:400",
      ]);
      const orders = [
        [0, 1, 2],
        [2, 1, 0],
        [1, 0, 2],
      ];
      const fdb = [`${MACS.A} p1 br0`, `${MACS.B} p2 br0`];
      const options: BridgeOptions =
        family === 6
          ? lab6(value, text)
          : { bridge: { rulesets: [{ text }], bridgeFdb: fdb }, callIptables: value === "1" };
      const both = await Duel.of(oracle, bridgeLab(options));
      const from = family === 6 ? udp : { ...udp, src: "10.0.0.1", dst: "10.0.0.2" };
      let ipid = 1;
      for (const sizes of [
        [208, 408, 100],
        [1400, 1400, 100],
      ]) {
        const total = sizes.reduce((sum, size) => sum + size, 0);
        for (const order of orders) {
          ipid++;
          for (const [at, index] of order.entries()) {
            const offset = sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
            const size = sizes[index] ?? 0;
            const { kernel } = await both.agree({
              ...from,
              host: "S",
              interface: "p1",
              smac: MACS.A,
              dmac: MACS.B,
              ipid,
              fresh: at === 0,
              mf: index < sizes.length - 1,
              fragOffset: offset,
              length: offset === 0 ? size - 8 : size,
              ...(offset === 0 ? { wholeLength: total - 8 } : {}),
            });
            if (at === 2) expect(kernel.delivered?.host).toBe("B");
            else if (value === "1") expect(kernel.hops.every(({ host }) => host === "S")).toBe(true);
          }
        }
      }
    },
  );
});
