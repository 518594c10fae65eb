import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deviceOf, judged, labOf, policyPacket } from "../../calico/policy/declared-world.ts";
import { nodeVerdict } from "../../calico/policy/node-verdict.ts";
import {
  clusterArbitrary,
  type RandomCluster,
  type SentPacket,
  sentPacketArbitrary,
} from "../../calico/policy/random-resources.ts";
import { Duel, type ProbePacket } from "../harness/duel.ts";
import { kernelAvailable } from "../harness/kernel-available.ts";
import { Oracle } from "../harness/oracle-client.ts";

const available = await kernelAvailable();
const WORLDS = 4;
const PACKETS = 16;

function probe({ pods }: RandomCluster, sent: SentPacket): ProbePacket {
  const { from, src, dst, protocol, dport, icmp } = sent;
  const place = from === "node" ? {} : { interface: deviceOf(from, pods) };
  const ends = { host: "n", ...place, src, dst, fresh: true };
  if (protocol === "ICMP")
    return { ...ends, proto: src.includes(":") ? "icmpv6" : "icmp", icmpType: icmp.type, icmpCode: icmp.code };
  const ports = { sport: 40_000, dport };
  if (protocol === "TCP") return { ...ends, ...ports, proto: "tcp", flags: "S" };
  return { ...ends, ...ports, proto: protocol === "SCTP" ? "sctp" : "udp" };
}

describe.skipIf(!available)("what Felix programs for random clusters, on the kernel", () => {
  let oracle: Oracle;
  beforeAll(() => {
    oracle = new Oracle();
  });
  afterAll(() => oracle.close());

  for (const release of ["v3.29.2", "v3.32.1"]) {
    it(`lets through what the resources allow in ${release}, as podpath says`, async () => {
      const worlds = fc.sample(clusterArbitrary, { numRuns: WORLDS, seed: 329 });
      for (const [i, world] of worlds.entries()) {
        const duel = await Duel.of(oracle, labOf(world, release), ["pod0", "pod1", "lan", "far"]);
        const node = judged(world, release);
        for (const sent of fc.sample(sentPacketArbitrary, { numRuns: PACKETS, seed: i })) {
          const { kernel } = await duel.agree(probe(world, sent));
          const dropped = kernel.hook !== null && kernel.host !== "lan" && kernel.host !== "far";
          expect({ sent, passes: !dropped }).toEqual({
            sent,
            passes: nodeVerdict(node, sent.from, policyPacket(sent)),
          });
        }
      }
    });
  }
});
