import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUILT_IN_CHAINS } from "../../../src/model/ruleset.ts";
import { Duel, type ProbePacket, type Round } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import type { LabRuleset } from "../harness/lab.ts";
import { Oracle } from "../harness/oracle-client.ts";
import { routerLab } from "../harness/router-lab.ts";
import { routerLab6 } from "../harness/router-lab-6.ts";

const available = await kernelAvailable();

const DATAGRAM: ProbePacket = { host: "R", interface: "in0", proto: "udp", sport: 4000, dport: 53 };

/** By family: through the router, to it, and from it. */
const WAYS: Readonly<Record<4 | 6, readonly ProbePacket[]>> = {
  4: [
    { ...DATAGRAM, src: "10.0.0.2", dst: "10.0.1.2" },
    { ...DATAGRAM, src: "10.0.0.2", dst: "10.0.0.1" },
    { host: "R", proto: "udp", sport: 4000, dport: 53, src: "10.0.1.1", dst: "10.0.1.2" },
  ],
  6: [
    { ...DATAGRAM, src: "fd00:a::2", dst: "fd00:b::2" },
    { ...DATAGRAM, src: "fd00:a::2", dst: "fd00:a::1" },
    { host: "R", proto: "udp", sport: 4000, dport: 53, src: "fd00:b::1", dst: "fd00:b::2" },
  ],
};

/** Accepts in filter what mangle marked, and judges it again in security. */
function ruleset(family: 4 | 6, backend: "legacy" | "nft", verdict: "ACCEPT" | "DROP"): LabRuleset {
  const table = (name: "mangle" | "filter" | "security", rule: string): readonly string[] => [
    `*${name}`,
    ...BUILT_IN_CHAINS[name].map((chain) => `:${chain} ACCEPT [0:0]`),
    ...["INPUT", "FORWARD", "OUTPUT"].map((chain) => `-A ${chain} -p udp ${rule}`),
    "COMMIT",
  ];
  const text = [
    ...table("mangle", "-j MARK --set-xmark 0x7/0xffffffff"),
    ...table("filter", "-m mark --mark 0x7 -j ACCEPT"),
    ...table("security", `-m mark --mark 0x7 -j ${verdict}`),
    "",
  ].join("\n");
  return { family, backend, text };
}

describe.skipIf(!available)("the table security, as the kernel runs it", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  async function ask(family: 4 | 6, backend: "legacy" | "nft", verdict: "ACCEPT" | "DROP"): Promise<readonly Round[]> {
    const router = { rulesets: [ruleset(family, backend, verdict)] };
    const duel = await Duel.of(oracle, family === 4 ? routerLab({ router }) : routerLab6({ router }));
    const rounds: Round[] = [];
    for (const packet of WAYS[family]) rounds.push(await duel.agree(packet));
    return rounds;
  }

  const CASES = ([4, 6] as const).flatMap((family) =>
    (["legacy", "nft"] as const).map((backend) => ({ family, backend })),
  );

  it.each(CASES)("runs after filter on the way through, in and out (IPv$family, $backend)", async (which) => {
    for (const { kernel } of await ask(which.family, which.backend, "ACCEPT")) {
      expect(kernel.outcome).toBe("delivered");
      const tables = kernel.rules.filter(({ host }) => host === "R").map(({ table }) => table);
      expect(tables.indexOf("security")).toBeGreaterThan(tables.indexOf("filter"));
    }
  });

  it.each(CASES)("drops what filter accepted (IPv$family, $backend)", async (which) => {
    for (const { kernel } of await ask(which.family, which.backend, "DROP"))
      expect(kernel.reason).toBe("NETFILTER_DROP");
  });
});
