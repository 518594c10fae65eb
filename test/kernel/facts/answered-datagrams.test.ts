import { afterAll, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import type { Lab } from "../harness/lab.ts";
import { Oracle } from "../harness/oracle-client.ts";

/** IP_PMTUDISC_WANT, the default of datagram sockets: DF on what fits, and the rest is cut by its own host. */
const available = await kernelAvailable();
const oracle = available ? new Oracle() : null;
afterAll(() => oracle?.close());

/** Two machines on a cable; the second, which answers, has these routes. */
function lab(family: 4 | 6, routes: readonly string[]): Lab {
  const subnet = (host: number): string => (family === 4 ? `10.7.0.${host}/24` : `fd00:7::${host}/64`);
  return {
    hosts: [
      { name: "n1", interfaces: [{ name: "eth0", addresses: [subnet(1)] }] },
      { name: "n2", interfaces: [{ name: "eth0", addresses: [subnet(2)] }], routes, listen: ["udp/53"] },
    ],
    links: [["n1:eth0", "n2:eth0"]],
    staticNeighbours: true,
  };
}

it.skipIf(oracle === null).each([4, 6] as const)(
  "a program's answer that is longer than the MTU of the way goes in pieces, without DF, IPv%i",
  async (family) => {
    if (oracle === null) return;
    const [near, far] = family === 4 ? ["10.7.0.1", "10.7.0.2"] : ["fd00:7::1", "fd00:7::2"];
    const most = family === 4 ? 1300 - 28 : 1300 - 48;
    const narrow = family === 4 ? "10.7.0.1 dev eth0 mtu 1300" : "-6 fd00:7::1 dev eth0 mtu 1300";
    for (const routes of [[], [narrow]]) {
      const duel = await Duel.of(oracle, lab(family, routes));
      for (const length of [1000, most, most + 1, most + 150]) {
        const packet: ProbePacket = { host: "n1", src: near, dst: far, proto: "udp", sport: 4000, dport: 53, length };
        const { kernel, branches } = await duel.agree(packet);
        expect(kernel.responses.filter(({ kind }) => kind === "data").length, `${length}`).toBeGreaterThan(0);
        expect(branches).toHaveLength(1);
      }
    }
  },
);
