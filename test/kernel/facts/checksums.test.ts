import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bridgeLab } from "../harness/bridge-lab.ts";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { networkOf } from "../harness/lab.ts";
import { toBuildRequest } from "../harness/network-to-oracle.ts";
import { FAMILIES_AND_BACKENDS, table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { routerLab } from "../harness/router-lab.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";
import { told } from "../harness/told.ts";

const available = await kernelAvailable();

describe.skipIf(!available).each(FAMILIES_AND_BACKENDS)(
  "packets with a wrong checksum, IPv%i, %s",
  (family, backend) => {
    const six = family === 6;
    const [src, dst, own] = six ? ["fd00:a::2", "fd00:b::2", "fd00:b::1"] : ["10.0.0.2", "10.0.1.2", "10.0.1.1"];
    let oracle: Oracle;
    beforeAll(() => {
      oracle = new Oracle();
    });
    afterAll(() => oracle.close());

    async function duelOf(checksum: string | null, rules: readonly string[]): Promise<Duel> {
      const text = table("filter", rules);
      // An IPv6 lab switches the check off unless it says otherwise.
      const sysctls = { "net.netfilter.nf_conntrack_checksum": checksum ?? "1" };
      const options = { router: { rulesets: [{ family, backend, text }], sysctls } };
      const network = networkOf(six ? routerLab6(options) : routerLab(options));
      await oracle.build(toBuildRequest(network, {}));
      return new Duel(oracle, network, true);
    }

    const through: ProbePacket = {
      host: "R",
      interface: "in0",
      src,
      dst,
      proto: "udp",
      sport: 4000,
      dport: 80,
      length: 20,
    };
    const kinds: readonly ProbePacket[] = [
      through,
      { ...through, proto: "tcp", flags: "S", length: 0 },
      { ...through, proto: six ? "icmpv6" : "icmp" },
      { ...through, proto: "sctp", length: 0 },
      { ...through, proto: 47 },
    ];
    const damaged = kinds.map((packet): ProbePacket => ({ ...packet, badChecksum: true }));
    const states = ["NEW", "INVALID", "UNTRACKED"].flatMap((state) =>
      ["FORWARD", "INPUT", "OUTPUT"].map((chain) => `-A ${chain} -m conntrack --ctstate ${state}`),
    );

    it.each(["1", "0"])(
      "are INVALID where they come in, if nf_conntrack_checksum is 1 (%s), and go on",
      async (checksum) => {
        const duel = await duelOf(checksum, states);
        for (const packet of damaged) {
          const { kernel } = await duel.agree(packet);
          const invalid = kernel.rules.some(({ chain, index }) => chain === "FORWARD" && index === 2);
          expect(invalid).toBe(checksum === "1" && packet.proto !== 47);
        }
      },
    );

    it("die at their receiver, who answers nothing", async () => {
      for (const rules of [[], states]) {
        const duel = await duelOf(null, rules);
        for (const packet of [...damaged.slice(0, 3), ...kinds.slice(0, 3)]) await duel.agree({ ...packet, dst: own });
      }
      const duel = await duelOf(null, []);
      const reasons = ["UDP_CSUM", "TCP_CSUM", "ICMP_CSUM"];
      for (const [index, packet] of damaged.slice(0, 3).entries()) {
        expect(told(await duel.agree({ ...packet, dst: own }))).toBe(`dropped ${reasons[index]}`);
      }
    });

    it("are summed at once in datagrams of 76 bytes; in IPv6 of longer ones only behind the look for a socket", async () => {
      const duel = await duelOf(null, []);
      for (const proto of ["udp", 136]) {
        for (const length of [60, 68, 69, 100]) {
          const round = await duel.agree({ ...through, proto, length, dst: own, badChecksum: true });
          const reason = dst.includes(":") && length > 68 ? "NO_SOCKET" : "UDP_CSUM";
          expect(round.kernel.reason, `${proto} ${length}`).toBe(reason);
          expect(round.kernel.responses).toEqual([]);
        }
      }
    });

    it("are known at once where conntrack has summed the datagram, long or not, to one or to many", async () => {
      const own = six ? "fd00:b::1" : "10.0.1.1";
      const untracked = "-A PREROUTING -j CT --notrack";
      for (const raw of [[], [untracked]]) {
        for (const checksum of ["1", "0"]) {
          const rulesets = [{ family, backend, text: `${table("filter", states)}\n${table("raw", raw)}` }];
          const sysctls = { "net.netfilter.nf_conntrack_checksum": checksum };
          const options = { router: { rulesets, sysctls } };
          const duel = await Duel.of(oracle, six ? routerLab6(options) : routerLab(options), [], true);
          for (const to of six ? [own, "ff02::1"] : [own, "224.0.0.1", "10.0.0.255"]) {
            for (const [proto, length] of [
              ["udp", 68],
              ["udp", 69],
              ["udp", 1300],
              [136, 69],
            ] as const) {
              const { kernel } = await duel.agree({ ...through, proto, length, dst: to, badChecksum: true });
              if (proto === "udp" && checksum === "1" && raw.length === 0)
                expect(kernel.reason, `${to} ${proto} ${length}`).toBe("UDP_CSUM");
            }
          }
        }
      }
    });

    it("are not looked at in longer datagrams to many that nobody listens to", async () => {
      const duel = await duelOf(null, []);
      for (const group of six ? ["ff02::1"] : ["224.0.0.1", "10.0.0.255"]) {
        for (const length of [68, 69, 1400]) {
          const { kernel } = await duel.agree({ ...through, length, dst: group, badChecksum: true });
          expect(kernel.outcome, `${group} ${length}`).toBe(length > 68 ? "delivered" : "dropped");
        }
      }
    });

    it("TEE's copy keeps the sum that conntrack made of a frame with a software checksum, which the next device spoils", async () => {
      const [gateway, far] = six ? ["fd00:c::11", "fd00:c::12"] : ["10.0.2.177", "10.0.2.133"];
      const text = table("mangle", [
        `-A PREROUTING -j TEE --gateway ${gateway}`,
        "-A FORWARD -m conntrack --ctstate NEW",
      ]);
      const reasonsOf = async (checksum: "0" | "1", length: number): Promise<readonly string[]> => {
        const sysctls = { "net.netfilter.nf_conntrack_checksum": checksum };
        const options = { router: { rulesets: [{ family, backend, text }], sysctls } };
        const duel = await Duel.of(oracle, six ? routerLab6(options) : routerLab(options), ["A", "B", "C"]);
        const round = await duel.ask({ ...through, dst: far, length });
        return (round?.result.drops ?? []).filter(({ host }) => host === "C").map(({ reason }) => reason);
      };
      expect(await reasonsOf("1", 68)).toEqual(["NO_SOCKET", "NO_SOCKET"]);
      expect(await reasonsOf("1", 69)).toEqual(["UDP_CSUM", "NO_SOCKET"]);
      expect(await reasonsOf("0", 69)).toEqual(["NO_SOCKET", "NO_SOCKET"]);
    });

    const rejects = [`-d ${src} -j ACCEPT`, "-p tcp -j REJECT --reject-with tcp-reset", "-j REJECT"];
    const [near, far] = six ? ["::1", "fd00:c::11"] : ["127.0.0.1", "10.0.2.177"];

    it.each(["PREROUTING", "INPUT", "FORWARD"])(
      "are answered by REJECT in OUTPUT where TEE's copy, made in %s, keeps the sum that conntrack made",
      async (chain) => {
        const states = ["INPUT", "FORWARD"].map((chain) => `-A ${chain} -m conntrack --ctstate NEW,INVALID -j DROP`);
        const filter = table("filter", [...states, ...rejects.map((rule) => `-A OUTPUT ${rule}`)]);
        for (const gateway of [near, far]) {
          const text = `${table("mangle", [`-A ${chain} -j TEE --gateway ${gateway}`])}\n${filter}`;
          for (const checksum of ["1", "0"]) {
            const sysctls = { "net.netfilter.nf_conntrack_checksum": checksum };
            const options = { router: { rulesets: [{ family, backend, text }], sysctls } };
            const duel = await Duel.of(oracle, six ? routerLab6(options) : routerLab(options), [], true);
            for (const to of chain === "INPUT" ? [own] : chain === "FORWARD" ? [dst] : [own, dst]) {
              for (const packet of kinds) await duel.agree({ ...packet, dst: to });
              const answers: number[] = [];
              for (const packet of damaged)
                answers.push((await duel.agree({ ...packet, dst: to })).kernel.responses.length);
              const isKept = checksum === "1" && chain !== "FORWARD";
              if (gateway === far) expect(answers, to).toEqual(isKept ? [1, 1, 1, 1, 1] : [0, 0, 0, 1, 1]);
            }
          }
        }
      },
    );

    it("are sent by a host without a look at them", async () => {
      const duel = await duelOf(null, states);
      for (const { host, proto, sport, dport, length } of damaged.slice(0, 3)) {
        await duel.agree({
          ...(host === undefined ? {} : { host }),
          ...(proto === undefined ? {} : { proto }),
          ...(sport === undefined ? {} : { sport, dport: dport ?? 0 }),
          ...(length === undefined ? {} : { length }),
          dst,
          raw: true,
          badChecksum: true,
        });
      }
    });

    it("are not answered by REJECT, but by routers whose TTL they exceed", async () => {
      const duel = await duelOf(null, ["-A FORWARD -p tcp -j REJECT --reject-with tcp-reset", "-A FORWARD -j REJECT"]);
      for (const packet of damaged) await duel.agree(packet);
      const last = await duelOf(null, []);
      for (const packet of damaged) await last.agree({ ...packet, ttl: 1 });
    });
  },
);

describe.skipIf(!available)("a datagram with a wrong checksum, to many, behind a bridge", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  it.each([
    { tracks: true, length: 1300 },
    { tracks: true, length: 69 },
    { tracks: false, length: 1300 },
  ])(
    "is not looked at, though the bridge's conntrack may have summed it: $tracks, $length bytes",
    async ({ tracks, length }) => {
      const mac = "02:00:00:00:00:b2";
      const rules = tracks ? ["-A FORWARD -m conntrack --ctstate INVALID"] : [];
      const duel = await Duel.of(
        oracle,
        bridgeLab({
          bridge: { rulesets: [{ text: table("filter", rules) }] },
          hosts: { B: { interfaces: [{ name: "eth0", mac, addresses: ["10.0.0.2/24"] }] } },
        }),
      );
      const { kernel } = await duel.agree({
        host: "S",
        interface: "p1",
        dmac: mac,
        src: "10.0.0.1",
        dst: "224.0.0.1",
        proto: "udp",
        sport: 4000,
        dport: 80,
        length,
        badChecksum: true,
      });
      expect(kernel.delivered?.host).toBe("B");
    },
  );

  it.each([
    { chain: "PREROUTING", answers: 1 },
    { chain: "FORWARD", answers: 0 },
  ])("is copied by TEE with what conntrack summed until the bridge sends it on: $chain", async ({ chain, answers }) => {
    const mac = "02:00:00:00:00:b2";
    const tee = table("mangle", [`-A ${chain} -p udp -m physdev --physdev-in p1 -j TEE --gateway 10.0.1.2`]);
    const filter = table("filter", ["-A FORWARD -m conntrack --ctstate INVALID -j DROP", "-A OUTPUT -p udp -j REJECT"]);
    const duel = await Duel.of(
      oracle,
      bridgeLab({
        bridge: {
          rulesets: [{ text: `${tee}\n${filter}` }],
          neighbours: ["10.0.0.1 br0 02:00:00:00:00:a1", "10.0.1.2 up0 02:00:00:00:00:d1"],
        },
        hosts: { B: { interfaces: [{ name: "eth0", mac, addresses: ["10.0.0.2/24"] }] } },
      }),
      [],
      true,
    );
    const { kernel } = await duel.agree({
      host: "S",
      interface: "p1",
      dmac: mac,
      src: "10.0.0.1",
      dst: "10.0.0.2",
      proto: "udp",
      sport: 4000,
      dport: 80,
      length: 20,
      badChecksum: true,
    });
    expect(kernel.responses).toHaveLength(answers);
  });
});
