import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import type { Lab, LabHost } from "../harness/lab.ts";
import { FAMILIES_AND_BACKENDS, table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

const MACS = { 1: "66:00:00:00:00:01", 2: "66:00:00:00:00:02" } as const;

const FORWARDING = { "net.ipv4.conf.all.forwarding": "1", "net.ipv6.conf.all.forwarding": "1" };
const SUMMED = { "net.netfilter.nf_conntrack_checksum": "1" };

describe.skipIf(!available).each(FAMILIES_AND_BACKENDS)(
  "what VXLAN carried, with a wrong checksum, IPv%i, %s",
  (family, backend) => {
    const six = family === 6;
    const net = (subnet: string, last: number) =>
      six ? `fd00:${subnet}::${last}` : `10.0.${parseInt(subnet, 16)}.${last}`;
    const bits = six ? 64 : 24;
    const prefix = six ? "-6 " : "";
    let oracle: Oracle;
    beforeAll(() => {
      oracle = new Oracle();
    });
    afterAll(() => oracle.close());

    /** a - n1 = VXLAN over IPv`outer` = n2 - n3: rules and settings of `judge`. */
    function lab(outer: 4 | 6, judge: "n2" | "n3", rules: readonly string[], more: Partial<LabHost> = {}): Lab {
      const vtep = (number: 1 | 2) => (outer === 6 ? `fd00:16::${number}` : `172.16.0.${number}`);
      const judging = (name: string) =>
        name === judge ? { rulesets: [{ family, backend, text: table("filter", rules) }], ...more } : {};
      const node = (number: 1 | 2): LabHost => {
        const other = number === 1 ? 2 : 1;
        const far = number === 1 ? "c" : "a";
        return {
          name: `n${number}`,
          interfaces: [
            { name: "eth0", addresses: [`${vtep(number)}/${outer === 6 ? 64 : 24}`] },
            { name: "pod0", addresses: [`${net(number === 1 ? "a" : "c", 1)}/${bits}`] },
            {
              name: "vx",
              kind: "vxlan",
              mac: MACS[number],
              mtu: 1400,
              addresses: [`${net("b", number)}/${bits}`],
              vxlan: { vni: 7, port: 4789, local: vtep(number) },
            },
          ],
          routes: [`${prefix}${net(far, 0)}/${bits} via ${net("b", other)} dev vx`],
          neighbours: [`${net("b", other)} vx ${MACS[other]}`],
          fdb: [`${MACS[other]} vx ${vtep(other)}`],
          sysctls: { ...FORWARDING, ...SUMMED },
          ...judging(`n${number}`),
        };
      };
      const end = (name: string, subnet: string): LabHost => ({
        name,
        interfaces: [{ name: "eth0", addresses: [`${net(subnet, 2)}/${bits}`] }],
        routes: [`${prefix}default via ${net(subnet, 1)}`],
        sysctls: SUMMED,
        ...judging(name),
      });
      return {
        hosts: [end("a", "a"), node(1), node(2), end("n3", "c")],
        links: [
          ["a:eth0", "n1:pod0"],
          ["n1:eth0", "n2:eth0"],
          ["n2:pod0", "n3:eth0"],
        ],
        staticNeighbours: true,
      };
    }

    const through: ProbePacket = {
      host: "n1",
      interface: "pod0",
      src: net("a", 2),
      dst: net("c", 2),
      proto: "udp",
      sport: 4000,
      dport: 80,
      length: 20,
    };
    const damaged: readonly ProbePacket[] = [
      through,
      { ...through, length: 200 },
      { ...through, proto: six ? "icmpv6" : "icmp" },
      { ...through, proto: "tcp", flags: "S", length: 0 },
    ].map((packet) => ({ ...packet, badChecksum: true }));
    const fragments: readonly ProbePacket[] = [
      { ...through, length: 64, mf: true },
      { ...through, length: 64, fragOffset: 8 },
      { ...through, proto: 99 },
    ];
    const input = six ? ["-A INPUT -s fd00:a::/64 -j REJECT"] : ["-A INPUT -s 10.0.10.0/24 -j REJECT"];
    const tracked = ["FORWARD", "INPUT"].map((chain) => `-A ${chain} -m conntrack --ctstate INVALID`);

    async function answered(lab: Lab, packets: readonly ProbePacket[]): Promise<readonly boolean[]> {
      const duel = await Duel.of(oracle, lab);
      const found: boolean[] = [];
      for (const packet of packets) found.push((await duel.agree(packet)).kernel.responses.length > 0);
      return found;
    }

    describe.each([4, 6] as const)("over IPv%i", (outer) => {
      it.each(["n2", "n3"] as const)("is answered by REJECT of %s, unless conntrack sums it", async (judge) => {
        const rules = ["-A FORWARD -j REJECT", ...input];
        const withConntrack = [...tracked, ...rules];
        const unsummed = { sysctls: { ...FORWARDING, "net.netfilter.nf_conntrack_checksum": "0" } };
        expect(await answered(lab(outer, judge, rules), damaged)).toEqual([true, true, true, true]);
        expect(await answered(lab(outer, judge, withConntrack), damaged)).toEqual([false, false, false, false]);
        expect(await answered(lab(outer, judge, withConntrack, unsummed), damaged)).toEqual([true, true, true, true]);
      });

      it("is not answered by a reset", async () => {
        const rules = ["-A FORWARD -p tcp -j REJECT --reject-with tcp-reset", "-A FORWARD -j REJECT"];
        expect(await answered(lab(outer, "n2", rules), damaged)).toEqual([true, true, true, false]);
      });

      it("is answered by REJECT in OUTPUT as a copy by TEE, by a reset only where conntrack's sum is kept", async () => {
        const mangle = table("mangle", [`-A PREROUTING -i vx -j TEE --gateway ${net("c", 2)}`]);
        const rejects = [`-d ${net("a", 2)} -j ACCEPT`, "-p tcp -j REJECT --reject-with tcp-reset", "-j REJECT"];
        const rules = ["-A FORWARD -j DROP", ...rejects.map((rule) => `-A OUTPUT ${rule}`)];
        const copying = (rules: readonly string[], checksum: string) => ({
          sysctls: { ...FORWARDING, "net.netfilter.nf_conntrack_checksum": checksum },
          rulesets: [{ family, backend, text: `${mangle}\n${table("filter", rules)}` }],
        });
        const withConntrack = [...tracked, ...rules];
        expect(await answered(lab(outer, "n2", [], copying(rules, "1")), damaged)).toEqual([true, true, true, false]);
        expect(await answered(lab(outer, "n2", [], copying(withConntrack, "1")), damaged)).toEqual([
          true,
          true,
          true,
          true,
        ]);
        expect(await answered(lab(outer, "n2", [], copying(withConntrack, "0")), damaged)).toEqual([
          true,
          true,
          true,
          false,
        ]);
      });

      it("is answered in fragments, in IPv6 further ones too, and whatever its protocol", async () => {
        expect(await answered(lab(outer, "n2", ["-A FORWARD -j REJECT"]), fragments)).toEqual([true, six, true]);
      });
    });
  },
);
