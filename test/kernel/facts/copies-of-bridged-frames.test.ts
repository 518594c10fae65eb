import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bridgeLab } from "../harness/bridge-lab.ts";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { table } from "../harness/option-lab.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

/** A's datagram to a neighbour behind the bridge, and to what the bridge's host is the router for. */
const FRAME: ProbePacket = { host: "A", src: "10.0.0.1", dst: "10.0.0.2", proto: "udp", sport: 1, dport: 9, length: 8 };
/** Behind the bridge, and behind the router. */
const GATEWAYS = ["10.0.0.3", "10.0.1.2"];

/** What rules ask of the copy, or do to it. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  "no rules": [],
  "its ports": [
    "-A POSTROUTING -m physdev --physdev-out p2 -j MARK --set-mark 2",
    "-A POSTROUTING -m physdev --physdev-is-bridged -j MARK --set-mark 2",
    "-A OUTPUT -m physdev --physdev-in p1 -j MARK --set-mark 0",
  ],
  "a drop of what OUTPUT has marked": [
    "-A POSTROUTING -d 10.0.0.2 -m mark ! --mark 0 -j DROP",
    "-A OUTPUT -j MARK --set-mark 1",
  ],
};

describe.skipIf(!available)("copies that TEE makes of a bridge's frames, as the kernel sends them", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  const cases = GATEWAYS.flatMap((gateway) =>
    ["PREROUTING", "FORWARD", "POSTROUTING"].flatMap((chain) =>
      Object.entries(MORE).map(([what, rules]) => ({ gateway, chain, what, rules })),
    ),
  );

  it.each(cases)("keep the ports of the frame: $chain, to $gateway, $what", async ({ gateway, chain, rules }) => {
    for (const dst of ["10.0.0.2", "10.0.1.2"]) {
      const text = table("mangle", [`-A ${chain} -j TEE --gateway ${gateway}`, ...rules]);
      const duel = await Duel.of(oracle, bridgeLab({ bridge: { rulesets: [{ text }] }, staticNeighbours: true }));
      await duel.agree({ ...FRAME, dst });
    }
  });

  it("pass POSTROUTING once more where they leave over a bridge, once the frame has been given a port", async () => {
    const passes = async (chain: string): Promise<number> => {
      const text = table("mangle", [`-A ${chain} -j TEE --gateway 10.0.0.3`]);
      const duel = await Duel.of(oracle, bridgeLab({ bridge: { rulesets: [{ text }] }, staticNeighbours: true }));
      const { kernel } = await duel.agree(FRAME);
      return kernel.rules.filter((rule) => rule.chain === "POSTROUTING").length;
    };
    // The frame itself, the copy as a packet of the host's, and that as a frame of the bridge's.
    expect(await passes("FORWARD")).toBe(3);
    expect(await passes("PREROUTING")).toBe(2);
  });
});
