import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inject } from "../../../src/emulator/inject.ts";
import { createWorld, runtimeOf, settle } from "../../../src/emulator/world.ts";
import { BUILT_IN_CHAINS, type TableName } from "../../../src/model/ruleset.ts";
import { packet as makePacket } from "../../../src/net/packet.ts";
import { UDP } from "../../../src/net/protocol.ts";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { address, networkOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { muted } from "../harness/podpath-network.ts";
import { routerLab } from "../harness/router-lab.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

const FAR: readonly string[] = ["A", "B", "C"];

const SENDER = "02:00:00:00:00:77";

/** A packet that A sends through R to B. */
const THROUGH: ProbePacket = {
  host: "R",
  interface: "in0",
  src: "10.0.0.2",
  dst: "10.0.1.2",
  proto: "udp",
  sport: 4000,
  dport: 80,
};

/** A table with all its chains declared. */
function table(name: TableName, ...rules: readonly string[]): string {
  const chains = BUILT_IN_CHAINS[name].map((chain) => `:${chain} ACCEPT [0:0]`);
  return [`*${name}`, ...chains, ...rules, "COMMIT", ""].join("\n");
}

/** What extensions do, each sent through the kernel and through podpath. */
describe.skipIf(!available)("extensions, as the kernel has them", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  describe.each(["legacy", "nft"] as const)("%s", (backend) => {
    it("socket: a segment that opens a connection belongs to a socket bound to an address, or with --nowildcard to any", async () => {
      const text = table(
        "mangle",
        "-A PREROUTING -m socket -j MARK --set-mark 1",
        "-A PREROUTING -m socket --nowildcard -j MARK --set-mark 2",
      );
      const router = { rulesets: [{ backend, text }], listen: ["tcp/80"] };
      const duel = await Duel.of(oracle, routerLab({ router }), FAR);
      const open = { ...THROUGH, proto: "tcp", flags: "S", dst: "10.0.0.1" };
      const heard = await duel.ask(open);
      // The SYN-ACK has another initial sequence number.
      expect(heard?.differences.filter((line) => !line.startsWith("response"))).toEqual([]);
      expect(heard?.branches).toHaveLength(1);
      expect(heard?.result.rules.map(({ chain, index }) => `${chain} ${index}`)).toContain("PREROUTING 2");
      const closed = await duel.agree({ ...open, dport: 81 });
      expect(closed.branches).toHaveLength(1);
      // A socket on any address is also found for what only passes through.
      const passing = await duel.agree({ ...open, dst: "10.0.1.2" });
      expect(passing.result.rules.map(({ chain, index }) => `${chain} ${index}`)).toContain("PREROUTING 2");
    });

    it("mac: the sender of a frame; what comes in by lo or is sent from here has none", async () => {
      const rules = [
        `-m mac --mac-source ${SENDER}`,
        `-m mac ! --mac-source ${SENDER}`,
        "-m mac --mac-source 00:00:00:00:00:00",
      ];
      const text = table(
        "mangle",
        ...["PREROUTING", "INPUT", "FORWARD"].flatMap((chain) => rules.map((rule) => `-A ${chain} ${rule}`)),
        "-A OUTPUT -j MARK --set-mark 1",
      );
      const duel = await Duel.of(oracle, routerLab({ router: { rulesets: [{ backend, text }] } }), FAR);
      const met = async (packet: ProbePacket): Promise<readonly number[]> => {
        const round = await duel.agree(packet);
        expect(round.branches).toHaveLength(1);
        return round.result.rules
          .filter(({ chain, index }) => chain === "PREROUTING" && index !== 0)
          .map(({ index }) => index ?? 0);
      };
      expect(await met({ ...THROUGH, smac: SENDER })).toEqual([1]);
      expect(await met({ ...THROUGH, dst: "10.0.0.1", smac: SENDER })).toEqual([1]);
      expect(await met(THROUGH)).toEqual([2]);
      expect(await met({ host: "R", src: "10.0.0.1", dst: "10.0.1.1", proto: "udp", sport: 4000, dport: 80 })).toEqual(
        [],
      );
    });

    it("eui64: a source address made of the frame's MAC address, on Ethernet alone", async () => {
      const text = table("mangle", "-A PREROUTING -m eui64", "-A INPUT -m eui64", "-A FORWARD -m eui64");
      const lab = routerLab6({ router: { rulesets: [{ family: 6, backend, text }] } });
      const ofZeros = "::200:ff:fe00:0";
      const hosts = lab.hosts.map((host) =>
        host.name === "R"
          ? { ...host, interfaces: [{ name: "lo", addresses: [`${ofZeros}/128`] }, ...host.interfaces] }
          : host,
      );
      const duel = await Duel.of(oracle, { ...lab, hosts }, FAR);
      const met = async (packet: ProbePacket): Promise<readonly string[]> => {
        const round = await duel.agree(packet);
        expect(round.branches).toHaveLength(1);
        return round.result.rules.filter(({ index }) => index !== 0).map(({ chain }) => chain);
      };
      const from = {
        host: "R",
        interface: "in0",
        dst: "fd00:b::2",
        proto: "udp",
        sport: 4000,
        dport: 80,
        smac: SENDER,
      };
      expect(await met({ ...from, src: "fd00:a::ff:fe00:77" })).toEqual(["PREROUTING", "FORWARD"]);
      expect(await met({ ...from, src: "fd00:a::ff:fe00:77", dst: "fd00:a::1" })).toEqual(["PREROUTING", "INPUT"]);
      expect(await met({ ...from, src: "fd00:a::200:ff:fe00:77" })).toEqual([]);
      expect(await met({ ...from, src: "fd00:a::ff:fe00:78" })).toEqual([]);
      const toItself = { host: "R", src: ofZeros, dst: "fd00:a::1", proto: "udp", sport: 4000, dport: 80 };
      expect(await met(toItself)).toEqual([]);
    });

    it("owner: which of the kernel's own answers belong to a socket", async () => {
      const rules = (): string => {
        const tests = [
          "--socket-exists",
          "! --socket-exists",
          "--uid-owner 0",
          "! --uid-owner 0",
          "! --socket-exists ! --uid-owner 0",
        ];
        return [
          table("mangle", ...tests.map((test) => `-A OUTPUT -m owner ${test}`)),
          table("filter", "-A INPUT -p tcp -m tcp --dport 7 -j REJECT --reject-with tcp-reset"),
        ].join("");
      };
      const answered = async (family: 4 | 6): Promise<readonly string[]> => {
        const router = { rulesets: [{ family, backend, text: rules() }] };
        const duel = await Duel.of(oracle, family === 4 ? routerLab({ router }) : routerLab6({ router }), FAR);
        const [src, dst] = family === 4 ? ["10.0.0.2", "10.0.0.1"] : ["fd00:a::2", "fd00:a::1"];
        const to: ProbePacket = { host: "R", interface: "in0", src, dst };
        const echo: ProbePacket = family === 4 ? { ...to, proto: "icmp" } : { ...to, proto: "icmpv6" };
        const found: string[] = [];
        for (const packet of [
          echo,
          { ...to, proto: "udp", sport: 4000, dport: 8 },
          { ...to, proto: "tcp", flags: "S", sport: 4000, dport: 80 },
          { ...to, proto: "tcp", flags: "S", sport: 4000, dport: 7 },
        ]) {
          const round = await duel.agree(packet);
          expect(round.branches).toHaveLength(1);
          const [response] = round.result.responses;
          const met = response?.rules.filter(({ chain, index }) => chain === "OUTPUT" && index !== 0) ?? [];
          found.push(`${response?.kind}: ${met.map(({ index }) => index).join(" ")}`);
        }
        return found;
      };
      expect(await answered(4)).toEqual(["echo-reply: 1 4", "icmp: 1 4", "tcp-reset: 1 4", "tcp-reset: 2 4 5"]);
      expect(await answered(6)).toEqual(["echo-reply: 1 4", "icmp: 1 4", "tcp-reset: 2 4 5", "tcp-reset: 2 4 5"]);
    });

    it("set of MAC addresses: that of a forwarded frame in POSTROUTING too, none of what is sent from here", async () => {
      const sides = ["src,src", "src,dst", "dst,src"];
      const text = table(
        "mangle",
        ...BUILT_IN_CHAINS.mangle.flatMap((chain) => sides.map((side) => `-A ${chain} -m set --match-set m ${side}`)),
      );
      const ipsets = `create m bitmap:ip,mac range 10.0.0.0/16\nadd m 10.0.0.2,${SENDER}\nadd m 10.0.0.1\nadd m 10.0.1.1\n`;
      const duel = await Duel.of(oracle, routerLab({ router: { ipsets, rulesets: [{ backend, text }] } }), FAR);
      const met = async (packet: ProbePacket): Promise<readonly string[]> => {
        const round = await duel.agree(packet);
        expect(round.branches).toHaveLength(1);
        return round.result.rules.filter(({ index }) => index !== 0).map(({ chain, index }) => `${chain} ${index}`);
      };
      expect(await met({ ...THROUGH, smac: SENDER })).toEqual(["PREROUTING 1", "FORWARD 1", "POSTROUTING 1"]);
      expect(await met(THROUGH)).toEqual([]);
      expect(await met({ host: "R", src: "10.0.0.1", dst: "10.0.1.1", proto: "udp", sport: 4000, dport: 80 })).toEqual(
        [],
      );
      expect(await met({ host: "R", src: "10.0.0.1", dst: "10.0.0.2", proto: "udp", sport: 4000, dport: 80 })).toEqual(
        [],
      );
    });

    it("set: every type of this kernel finds its packet", async () => {
      const SETS: readonly (readonly [type: string, member: string, sides: string])[] = [
        ["hash:ip", "10.0.0.2", "src"],
        ["hash:net", "10.0.0.0/24", "src"],
        ["hash:ip,port", "10.0.1.2,udp:80", "dst,dst"],
        ["hash:net,port", "10.0.1.0/24,udp:80", "dst,dst"],
        ["hash:ip,port,ip", "10.0.1.2,udp:80,10.0.0.2", "dst,dst,src"],
        ["hash:ip,port,net", "10.0.1.2,udp:80,10.0.0.0/24", "dst,dst,src"],
        ["hash:net,iface", "10.0.0.0/24,in0", "src,src"],
        ["bitmap:ip range 10.0.0.0/24", "10.0.0.2", "src"],
        ["bitmap:ip,mac range 10.0.0.0/24", `10.0.0.2,${SENDER}`, "src,src"],
        ["bitmap:port range 0-100", "80", "dst"],
        ["list:set", "s0", "src"],
      ];
      const ipsets = SETS.map(([type, member], index) => `create s${index} ${type}\nadd s${index} ${member}\n`).join(
        "",
      );
      const rules = SETS.map(([, , sides], index) => `-A PREROUTING -m set --match-set s${index} ${sides}`);
      const router = { ipsets, rulesets: [{ backend, text: table("mangle", ...rules) }] };
      const duel = await Duel.of(oracle, routerLab({ router }), FAR);
      const met = async (packet: ProbePacket): Promise<readonly (number | null)[]> => {
        const { result, branches } = await duel.agree(packet);
        expect(branches).toHaveLength(1);
        return result.rules
          .filter(({ chain, index }) => chain === "PREROUTING" && index !== 0)
          .map(({ index }) => index);
      };
      expect(await met({ ...THROUGH, smac: SENDER })).toEqual(SETS.map((_, index) => index + 1));
      expect(await met({ ...THROUGH, smac: SENDER, src: "10.0.0.3", dport: 81 })).toEqual([2, 7]);
      expect(await met({ ...THROUGH, smac: SENDER, proto: "tcp", flags: "S", dst: "10.9.0.1" })).toEqual([
        1, 2, 7, 8, 9, 10, 11,
      ]);
    });

    it("sctp --chunk-types: any of the listed chunks, all of them, or no others; flags count for the types that name them", async () => {
      const tests = [
        "any INIT",
        "any DATA,COOKIE_ECHO",
        "all DATA,COOKIE_ECHO",
        "only DATA,COOKIE_ECHO",
        "only INIT",
        "any ABORT:T",
        "any ABORT:t",
        "all ABORT:t,ERROR",
        "only ABORT:T,ERROR",
        "any DATA:E",
        "any DATA:bE",
        "only DATA:Eu",
        "any ALL",
        "all ALL",
        "only ALL",
        "any NONE",
        "all NONE",
        "only NONE",
      ];
      const rules = tests.flatMap((words, index) => [
        `-A PREROUTING -p sctp -m sctp --chunk-types ${words} -j MARK --set-mark ${2 * index + 1}`,
        `-A PREROUTING -p sctp -m sctp --dport 80 ! --chunk-types ${words} -j MARK --set-mark ${2 * index + 2}`,
      ]);
      const text = table("mangle", ...rules);
      const duel = await Duel.of(oracle, routerLab({ router: { rulesets: [{ backend, text }] } }), FAR);
      const packets: Partial<ProbePacket>[] = [
        {},
        { chunks: ["DATA"] },
        { chunks: ["DATA"], tFlag: true, length: 8 },
        { chunks: ["COOKIE_ECHO", "DATA"], length: 8 },
        { chunks: ["COOKIE_ECHO", "SACK", "DATA"], length: 8 },
        { chunks: ["ABORT"] },
        { chunks: ["ABORT"], tFlag: true },
        { chunks: ["ABORT", "ERROR"] },
        { chunks: ["ERROR", "ABORT"], tFlag: true },
        { chunks: [192] },
      ];
      for (const packet of packets) {
        const seen = await duel.agree({ ...THROUGH, proto: "sctp", ...packet });
        expect(seen.branches).toHaveLength(1);
        expect(seen.result.rules.length).toBeGreaterThan(2);
      }
    });

    it("NFQUEUE: nobody takes the packet out, which is neither a refusal nor a reason; with --queue-bypass it goes on", async () => {
      const text = table(
        "filter",
        "-A FORWARD -p udp --dport 80 -j NFQUEUE --queue-num 3",
        "-A FORWARD -p udp --dport 81 -j NFQUEUE --queue-num 3 --queue-bypass",
        "-A OUTPUT -p udp -j NFQUEUE --queue-balance 3:4",
      );
      const duel = await Duel.of(oracle, routerLab({ router: { rulesets: [{ backend, text }] } }), FAR);
      const lost = await duel.agree(THROUGH);
      expect(lost.result.outcome).toBe("dropped");
      const bypassed = await duel.agree({ ...THROUGH, dport: 81 });
      expect(bypassed.result.outcome).toBe("delivered");
      const sent = await duel.agree({ host: "R", dst: "10.0.1.2", proto: "udp", sport: 1, dport: 2 });
      expect(sent.result.errno).toBeNull();
    });

    it.each([
      ["mangle", "-A PREROUTING -j TEE --gateway 10.0.2.2"],
      ["mangle", "-A FORWARD -j TEE --gateway 10.0.2.2"],
      ["mangle", "-A POSTROUTING -o out0 -j TEE --gateway 10.0.2.2"],
      ["filter", "-A FORWARD -j TEE --gateway 10.0.2.177 --oif out1"],
      ["raw", "-A PREROUTING -j TEE --gateway 10.1.0.5"],
    ] as const)(
      "TEE (%s %s): the copy goes its own way, untracked, and rules make no copy of it",
      async (name, rule) => {
        const output = [
          "-A OUTPUT -j TEE --gateway 10.0.2.2",
          "-A OUTPUT -m conntrack --ctstate UNTRACKED -j TTL --ttl-set 9",
        ];
        const text =
          name === "mangle" ? table("mangle", rule, ...output) : table(name, rule) + table("mangle", ...output);
        const lab = routerLab({ router: { rulesets: [{ backend, text }] } });
        const network = networkOf(lab);
        await oracle.build(toBuildRequest(network, { mute: FAR }));
        const result = await oracle.probe({ ...THROUGH, length: 20 }, true);
        const kernel = result.hops.map(
          (hop) => `${hop.dir} ${hop.host} ${hop.iface} ttl ${hop.packet.ttl} df ${hop.packet.df ?? false}`,
        );
        const ours: string[] = [];
        const world = createWorld(muted(network, FAR), {
          choose: () => 0,
          answers: false,
          observer: {
            step(step) {
              if (step.kind !== "receive" && step.kind !== "transmit") return;
              const { runtime, skb } = step;
              const device = step.kind === "receive" ? skb.input : skb.output;
              const way = step.kind === "receive" ? "in" : "out";
              if (device?.kind === "loopback") return;
              ours.push(`${way} ${runtime.host.name} ${device?.name} ttl ${skb.packet.ttl} df ${skb.packet.df}`);
            },
          },
        });
        const runtime = runtimeOf(world, "R");
        const device = runtime?.host.interfaces.get("in0");
        if (runtime === null || device === undefined) throw new Error("no router");
        const content = makePacket({
          src: address("10.0.0.2"),
          dst: address("10.0.1.2"),
          protocol: UDP,
          sport: 4000,
          dport: 80,
          payloadLength: 20,
          id: 7,
        });
        inject(world, runtime, device, content, { sourceMac: "02:00:00:02:00:02", destinationMac: null, mark: 0 });
        settle(world, 1);
        expect(ours.sort()).toEqual(kernel.filter((hop) => !hop.includes(" lo ")).sort());
        expect(kernel.length).toBeGreaterThan(2);
      },
    );
  });
});
