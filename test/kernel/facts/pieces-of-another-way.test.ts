import { afterAll, beforeAll, describe, it } from "vitest";
import { Duel } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import type { Lab } from "../harness/lab.ts";
import { table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

/** R between A (10.0.0.2, fd00:a::2) and B (10.0.1.2, fd00:b::2), over links of those MTUs. */
function lab(family: 4 | 6, mtus: readonly [number, number], rules: readonly string[]): Lab {
  const net = (side: 0 | 1): string => (family === 4 ? `10.0.${side}.` : `fd00:${side === 0 ? "a" : "b"}::`);
  const length = family === 4 ? 24 : 64;
  const end = (name: string, side: 0 | 1) => ({
    name,
    interfaces: [{ name: "eth0", mtu: mtus[side], addresses: [`${net(side)}2/${length}`] }],
    routes: [`default via ${net(side)}1`],
  });
  return {
    hosts: [
      {
        name: "R",
        interfaces: [
          { name: "in0", mtu: mtus[0], addresses: [`${net(0)}1/${length}`] },
          { name: "out0", mtu: mtus[1], addresses: [`${net(1)}1/${length}`] },
        ],
        rulesets: [{ family, text: table("nat", rules) }],
        sysctls: { "net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1" },
      },
      end("A", 0),
      end("B", 1),
    ],
    links: [
      ["R:in0", "A:eth0"],
      ["R:out0", "B:eth0"],
    ],
    staticNeighbours: true,
  };
}

const MTUS: readonly (readonly [number, number])[] = [
  [1500, 1400],
  [1400, 1500],
  [9000, 1500],
  [1500, 1500],
  [1499, 1405],
];

describe.skipIf(!available)(
  "what a host sends by another way than the one it made it for, as the kernel cuts it",
  () => {
    let oracle: Oracle;
    beforeAll(() => {
      oracle = new Oracle();
    });
    afterAll(() => oracle.close());

    const cases = ([4, 6] as const).flatMap((family) => MTUS.map((mtus) => ({ family, mtus })));

    it.each(cases)("answers to whom INPUT makes another of, in IPv$family, $mtus", async ({ family, mtus }) => {
      const [a, b, own] = family === 4 ? ["10.0.0.2", "10.0.1.2", "10.0.0.1"] : ["fd00:a::2", "fd00:b::2", "fd00:a::1"];
      const duel = await Duel.of(oracle, lab(family, mtus, [`-A INPUT -j SNAT --to-source ${b}`]));
      const type = family === 4 ? 8 : 128;
      const common = {
        host: "R",
        interface: "in0",
        src: a,
        dst: own,
        proto: family === 4 ? "icmp" : "icmpv6",
      } as const;
      for (const rest of [60, 92, 531, 1000]) {
        const first = {
          ...common,
          icmpType: type,
          ipid: 8,
          mf: true,
          fragOffset: 0,
          length: 1344,
          wholeLength: 1344 + rest,
        };
        await duel.agree({ ...first, fresh: true });
        await duel.agree({ ...common, ipid: 8, mf: false, fragOffset: 1352, length: rest, fresh: false });
      }
    });
  },
);
