import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { FAMILIES_AND_BACKENDS, OptionLab, table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { routerLab } from "../harness/router-lab.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();
const UDP_LITE = 136;

const TRACKED = FAMILIES_AND_BACKENDS.flatMap(([family, backend]) =>
  ["0", "1"].map((checked) => [family, backend, checked] as const),
);

describe.skipIf(!available).each(TRACKED)(
  "UDP-Lite, IPv%i, %s, nf_conntrack_checksum %s",
  (family, backend, checked) => {
    const lab = new OptionLab(family, backend, { sysctls: { "net.netfilter.nf_conntrack_checksum": checked } });
    beforeAll(() => lab.build());
    afterAll(() => lab.close());

    it("is tracked by its ports and translated, but INVALID wherever its checksum is looked at", async () => {
      const six = family === 6;
      const [src, dst, other] = six ? ["fd00:a::2", "fd00:b::2", "fd00:b::9"] : ["10.0.0.2", "10.0.1.2", "10.0.1.9"];
      const ports = { proto: UDP_LITE, sport: 4000, dport: 5004, length: 20 };
      const there: ProbePacket = { host: "R", interface: "in0", src, dst, ...ports };
      const back: ProbePacket = { ...there, interface: "out0", src: dst, dst: src, sport: 5004, dport: 4000 };
      const own: ProbePacket = { host: "R", dst: other, ...ports, raw: true };
      const states = ["NEW", "ESTABLISHED", "INVALID"];
      const rules = ["FORWARD", "OUTPUT", "INPUT"].flatMap((chain) =>
        states.map((state) => `-A ${chain} -m conntrack --ctstate ${state}`),
      );
      const text = [
        table("nat", [
          `-A PREROUTING -p 136 -d ${other} -j DNAT --to-destination ${dst}`,
          `-A OUTPUT -p 136 -d ${other} -j DNAT --to-destination ${dst}`,
        ]),
        table("filter", rules),
      ].join("\n");
      const later = { fresh: false };
      await lab.agree(text, [
        there,
        { ...back, ...later },
        { ...there, ...later },
        { ...back, ...later, dport: 4001 },
        own,
      ]);
      if (checked === "0")
        await lab.agree(text, [
          { ...there, dst: other },
          { ...back, ...later },
        ]);
    });
  },
);

describe.skipIf(!available).each([4, 6] as const)("UDP-Lite that nobody listens for, IPv%i", (family) => {
  const six = family === 6;
  let oracle: Oracle;
  let duel: Duel;
  beforeAll(async () => {
    oracle = new Oracle();
    duel = await Duel.of(oracle, six ? routerLab6({}) : routerLab({}), ["A", "B", "C"]);
  });
  afterAll(() => oracle.close());

  const received: ProbePacket = {
    host: "R",
    interface: "in0",
    src: six ? "fd00:a::2" : "10.0.0.2",
    dst: six ? "fd00:a::1" : "10.0.0.1",
    proto: UDP_LITE,
    sport: 4000,
    dport: 5004,
    length: 20,
  };

  async function answers(fields: Partial<ProbePacket>): Promise<readonly string[]> {
    const { result } = await duel.agree({ ...received, ...fields });
    return result.responses.map(({ kind, type, code }) => `${kind} ${type}/${code}`);
  }

  it("is answered with port unreachable, as UDP is", async () => {
    expect(await answers({})).toEqual([six ? "icmp 1/4" : "icmp 3/3"]);
  });

  it("is dropped without a word where it is for many, or its checksum is wrong", async () => {
    for (const dst of six ? ["ff02::1"] : ["10.0.0.255", "224.0.0.1", "255.255.255.255"]) {
      expect(await answers({ dst })).toEqual([]);
    }
    expect(await answers({ badChecksum: true })).toEqual([]);
  });
});
