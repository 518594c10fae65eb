import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BridgeOptions, bridgeLab, rules } from "../harness/bridge-lab.ts";
import { Duel, type ProbePacket, type Round } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
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
