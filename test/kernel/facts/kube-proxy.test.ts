import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEVICE, labOf, packetsFor } from "../../kubernetes/kube-proxy/service-lab.ts";
import { type ServiceWorld, serviceWorld } from "../../kubernetes/kube-proxy/service-world.ts";
import { Duel } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();

/** So many random clusters, and so many packets of each. */
const WORLDS = 8;
const PACKETS = 14;

/** What clients were sent to before is not forgotten between packets: affinity is another test's. */
function withoutAffinity(world: ServiceWorld): ServiceWorld {
  return { ...world, services: world.services.map((one) => ({ ...one, affinity: false })) };
}

describe.skipIf(!available)("kube-proxy's rules on the kernel and in podpath", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  for (const [i, world] of fc.sample(serviceWorld, { numRuns: WORLDS, seed: 7 }).map(withoutAffinity).entries()) {
    it(`lead packets to Services of random cluster ${i} the same way`, async () => {
      const lab = await Duel.of(oracle, labOf(world), ["pod0", "pod1", "outside"]);
      const sent = packetsFor(world);
      const chosen = sent.filter((_, at) => at % Math.ceil(sent.length / PACKETS) === 0);
      expect(chosen.length).toBeGreaterThan(0);
      for (const { from, src, dst, port, protocol } of chosen) {
        await lab.agree({
          host: "node",
          ...(from === "node" ? {} : { interface: DEVICE[from] }),
          src,
          dst,
          proto: protocol.toLowerCase(),
          sport: 40000,
          dport: port,
          ...(protocol === "TCP" ? { flags: "S" } : {}),
          fresh: true,
        });
      }
    });
  }
});
