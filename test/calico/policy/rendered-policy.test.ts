import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inject } from "../../../src/emulator/inject.ts";
import type { Journey } from "../../../src/emulator/journey.ts";
import { originate } from "../../../src/emulator/originate.ts";
import { createWorld, runtimeOf, settle } from "../../../src/emulator/world.ts";
import type { Network } from "../../../src/model/network.ts";
import { packet } from "../../../src/net/packet.ts";
import { TCP } from "../../../src/net/protocol.ts";
import { SYN } from "../../../src/net/tcp-flags.ts";
import { networkOf } from "../../kernel/harness/lab.ts";
import { deviceOf, judged, labOf, policyPacket } from "./declared-world.ts";
import { nodeVerdict } from "./node-verdict.ts";
import { clusterArbitrary, type RandomPod, type SentPacket, sentPacketArbitrary } from "./random-resources.ts";

const RELEASES = ["v3.29.2", "v3.30.4", "v3.31.2", "v3.32.1"];

const NO_QUESTIONS = {
  choose: (): number => {
    throw new Error("rendered rules leave nothing open");
  },
};

/** Whether the node's rules let the packet come as far as its next machine, or a process of the node. */
function goesThrough(network: Network, pods: readonly RandomPod[], sent: SentPacket): boolean {
  const world = createWorld(network, { ...NO_QUESTIONS, empty: true });
  const runtime = runtimeOf(world, "n");
  if (runtime === null) throw new Error("no node");
  const { icmp, ...fields } = policyPacket(sent);
  const kind = icmp === null ? {} : { icmpType: icmp.type, icmpCode: icmp.code };
  const content = packet({ ...fields, ...kind, flags: fields.protocol === TCP ? SYN : 0 });
  if (sent.from === "node") {
    originate(world, runtime, content, { kind: "request", cause: null });
  } else {
    const device = runtime.host.interfaces.get(deviceOf(sent.from, pods));
    if (device === undefined) throw new Error("no device");
    inject(world, runtime, device, content, { sourceMac: "", destinationMac: null, mark: 0 });
  }
  settle(world, world.now);
  const [first] = world.journeys;
  if (first === undefined) throw new Error("no journey");
  return !isDroppedByRule(first);
}

function isDroppedByRule({ end }: Journey): boolean {
  if (end === null) throw new Error("no end");
  const { outcome } = end.ending;
  return end.host === "n" && end.chain !== null && (outcome === "dropped" || outcome === "rejected");
}

describe("what Felix programs from random resources", () => {
  for (const release of RELEASES) {
    it(`lets through what the resources allow, in ${release}`, () => {
      fc.assert(
        fc.property(
          clusterArbitrary,
          fc.array(sentPacketArbitrary, { minLength: 12, maxLength: 24 }),
          (cluster, packets) => {
            const network = networkOf(labOf(cluster, release));
            const node = judged(cluster, release);
            for (const sent of packets) {
              const allowed = nodeVerdict(node, sent.from, policyPacket(sent));
              expect({ sent, allowed: goesThrough(network, cluster.pods, sent) }).toEqual({ sent, allowed });
            }
          },
        ),
        { numRuns: 12 },
      );
    });
  }
});
