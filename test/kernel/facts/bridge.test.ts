import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BridgeOptions, bridgeLab, rules } from "../harness/bridge-lab.ts";
import { Duel, type ProbePacket, type Round } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { networkOf } from "../harness/lab.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

const PING: ProbePacket = { host: "A", src: "10.0.0.1", dst: "10.0.0.2", proto: "icmp", icmpType: 8, length: 8 };

describe.skipIf(!available)("a bridge, as the kernel does it", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  async function duel(options: BridgeOptions = {}): Promise<Duel> {
    return Duel.of(oracle, bridgeLab(options));
  }

  async function ask(options: BridgeOptions, packet: ProbePacket): Promise<Round> {
    return (await duel(options)).agree(packet);
  }

  it("carries frames between its ports and back", async () => {
    const round = await ask({}, PING);
    expect(round.kernel.delivered?.host).toBe("B");
    expect(round.kernel.hops.map(({ host, interface: device, direction }) => `${host} ${device} ${direction}`)).toEqual(
      ["A eth0 out", "S p1 in", "S p2 out", "B eth0 in"],
    );
  });

  it("is a machine of its own behind its own address", async () => {
    expect((await ask({}, { ...PING, dst: "10.0.0.254" })).kernel.delivered?.host).toBe("S");
    expect((await ask({}, { ...PING, host: "S", src: "10.0.0.254" })).kernel.delivered?.host).toBe("B");
  });

  it("routes what is for its MAC address", async () => {
    expect((await ask({}, { ...PING, dst: "10.0.1.2" })).kernel.delivered?.host).toBe("D");
    expect((await ask({}, { ...PING, host: "D", src: "10.0.1.2" })).kernel.delivered?.host).toBe("B");
  });

  it("floods what it has not learnt, and the others drop it as OTHERHOST", async () => {
    const neighbours = ["10.0.0.9 eth0 02:99:99:99:99:99"];
    const round = await ask({ hosts: { A: { neighbours } } }, { ...PING, dst: "10.0.0.9" });
    expect(round.kernel.outcome).toBe("dropped");
    expect(round.kernel.reason).toBe("OTHERHOST");
  });

  it("drops frames that come from a group or from nobody", async () => {
    const both = await duel();
    const frame: ProbePacket = { ...PING, host: "S", interface: "p1" };
    for (const smac of ["01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"]) {
      expect((await both.agree({ ...frame, smac })).kernel.reason).toBe("MAC_INVALID_SOURCE");
    }
  });

  it("lets nothing in by a port that is disabled, and nothing out of it", async () => {
    const disabled = { bridgePort: { state: "disabled" as const } };
    const hosts = { A: { neighbours: ["10.0.0.2 eth0 02:00:00:03:00:02"] } };
    const both = await duel({ hosts });
    // Carrier comes late, and would put the port into service again.
    await setTimeout(1500);
    await oracle.commands("S", ["bridge link set dev p1 state 0"]);
    both.use(networkOf(bridgeLab({ hosts, ports: [disabled] })));
    expect((await both.agree(PING)).kernel.reason).toBe("BRIDGE_INGRESS_STP_STATE");
    await oracle.commands("S", ["bridge link set dev p1 state 3", "bridge link set dev p2 state 0"]);
    both.use(networkOf(bridgeLab({ hosts, ports: [{}, disabled] })));
    expect((await both.agree(PING)).kernel.outcome).toBe("dropped");
  });

  it("passes nothing on while STP listens", async () => {
    const listening = { bridgePort: { state: "listening" as const } };
    const hosts = { A: { neighbours: ["10.0.0.2 eth0 02:00:00:03:00:02"] } };
    const both = await duel({ hosts });
    await oracle.commands("S", [
      "ip link set p1 nomaster",
      "ip link set br0 type bridge stp_state 1",
      "ip link set p1 master br0",
    ]);
    both.use(networkOf(bridgeLab({ hosts, ports: [listening] })));
    expect((await both.agree(PING)).kernel.reason).toBe("BRIDGE_INGRESS_STP_STATE");
  });

  it("does not pass frames between isolated ports", async () => {
    const isolated = { bridgePort: { isolated: true } };
    expect((await ask({ ports: [isolated, isolated] }, PING)).kernel.outcome).toBe("unresolved");
    expect((await ask({ ports: [isolated, {}] }, PING)).kernel.outcome).toBe("delivered");
  });

  it("learns nothing on a port without learning, and floods there nothing without flood", async () => {
    const neighbours = ["10.0.0.2 eth0 02:00:00:03:00:02"];
    await ask({ ports: [{}, { bridgePort: { learning: false } }] }, PING);
    const noFlood = { bridgePort: { flood: false, learning: false } };
    const round = await ask({ ports: [{}, noFlood, noFlood], hosts: { A: { neighbours } } }, PING);
    expect(round.kernel.outcome).toBe("dropped");
    expect(round.kernel.reason).toBe("NO_TX_TARGET");
  });

  it("sends a frame back where it came from only by a hairpin port", async () => {
    const bridgeFdb = ["02:99:99:99:99:99 p1 br0"];
    const neighbours = ["10.0.0.9 eth0 02:99:99:99:99:99"];
    const options = { bridge: { bridgeFdb }, hosts: { A: { neighbours } } };
    const plain = await ask(options, { ...PING, dst: "10.0.0.9" });
    expect(plain.kernel.outcome).toBe("dropped");
    const hairpin = await ask({ ...options, ports: [{ bridgePort: { hairpin: true } }] }, { ...PING, dst: "10.0.0.9" });
    expect(hairpin.kernel.hops.at(-1)?.host).toBe("A");
  });

  it("moves an entry to the port its address is heard on, even one made by command", async () => {
    const bridgeFdb = ["02:00:00:03:00:02 p3 br0"];
    const neighbours = ["10.0.0.2 eth0 02:00:00:03:00:02"];
    const options = { bridge: { bridgeFdb }, hosts: { A: { neighbours } } };
    const lost = await ask(options, PING);
    expect(lost.kernel.outcome).toBe("dropped");
    const both = await duel(options);
    await both.agree({ ...PING, host: "B", src: "10.0.0.2", dst: "10.0.0.1" });
    const moved = await both.agree({ ...PING, fresh: false });
    expect(moved.kernel.delivered?.host).toBe("B");
  });

  it("lets in by a locked port only addresses that have an entry for it", async () => {
    const locked = { bridgePort: { locked: true, learning: false } };
    const neighbours = ["10.0.0.2 eth0 02:00:00:03:00:02"];
    const back = { neighbours: ["10.0.0.1 eth0 02:00:00:02:00:02"] };
    const hosts = { A: { neighbours }, B: back };
    expect((await ask({ ports: [locked], hosts }, PING)).kernel.outcome).toBe("dropped");
    const bridgeFdb = ["02:00:00:02:00:02 p1 br0"];
    expect((await ask({ ports: [locked], hosts, bridge: { bridgeFdb } }, PING)).kernel.outcome).toBe("delivered");
  });

  it("takes a frame for the MAC address of a port as its own, though not as a packet for this host", async () => {
    const neighbours = ["10.0.0.254 eth0 02:00:00:01:00:03"];
    await ask({ hosts: { A: { neighbours } } }, { ...PING, dst: "10.0.0.254" });
    const other = ["10.0.0.254 eth0 02:00:00:01:00:04"];
    await ask({ hosts: { A: { neighbours: other } } }, { ...PING, dst: "10.0.0.254" });
  });

  it("drops a frame longer than its egress port's MTU and a VLAN tag", async () => {
    const small = { mtu: 1400 };
    const B = { interfaces: [{ name: "eth0", addresses: ["10.0.0.2/24"], mtu: 1400 }] };
    for (const length of [1372, 1376, 1377, 1400]) {
      for (const callIptables of [false, true]) {
        const packet = { ...PING, proto: "udp", sport: 4000, dport: 9, length, df: true };
        await ask({ ports: [{}, small], hosts: { B }, callIptables }, packet);
      }
    }
  });

  it("is closed while it is down, and so are its ports", async () => {
    const neighbours = ["10.0.0.2 eth0 02:00:00:03:00:02"];
    await ask({ device: { up: false, addresses: [] }, hosts: { A: { neighbours } } }, PING);
    await ask({ ports: [{ up: false }], hosts: { A: { neighbours } } }, PING);
    await ask({ ports: [{}, { up: false }], hosts: { A: { neighbours } } }, PING);
  });

  it("delivers a broadcast to every port and to itself", async () => {
    await ask({}, { ...PING, dst: "10.0.0.255" });
    await ask({}, { ...PING, host: "S", src: "10.0.0.254", dst: "10.0.0.255" });
  });

  it("runs no rules for bridged frames where bridge-nf-call-iptables is 0", async () => {
    const bridge = rules("filter", "-A FORWARD -j DROP");
    expect((await ask({ bridge, callIptables: false }, PING)).kernel.outcome).toBe("delivered");
    expect((await ask({ bridge }, PING)).kernel.outcome).toBe("dropped");
  });

  it("resets a bridged connection by REJECT, which is closed from then on", async () => {
    const tracks = "-A FORWARD -m conntrack --ctstate INVALID -j DROP";
    const resets = "-A FORWARD -p tcp --tcp-flags PSH PSH -j REJECT --reject-with tcp-reset";
    const bridge = rules("filter", tracks, resets);
    const lab = bridgeLab({ bridge, hosts: { B: rules("filter", "-A INPUT -j DROP") } });
    const both = await Duel.of(oracle, lab, [], true);
    const segment: ProbePacket = { host: "A", src: "10.0.0.1", dst: "10.0.0.2", proto: "tcp", sport: 4000, dport: 80 };
    await both.agree({ ...segment, flags: "A", seq: 100, ack: 1 });
    const { kernel } = await both.agree({ ...segment, flags: "PA", seq: 100, ack: 1, length: 4, fresh: false });
    expect(kernel.outcome).toBe("rejected");
  });

  it("runs them all the same where the bridge's own nf_call_iptables is 1", async () => {
    const bridge = rules("filter", "-A FORWARD -j DROP");
    const device = { bridge: { nfCallIptables: true } };
    expect((await ask({ bridge, device, callIptables: false }, PING)).kernel.outcome).toBe("dropped");
  });
});
