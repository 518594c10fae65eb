import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inject } from "../../../src/emulator/inject.ts";
import type { Journey } from "../../../src/emulator/journey.ts";
import { originate } from "../../../src/emulator/originate.ts";
import { createWorld, runtimeOf, settle } from "../../../src/emulator/world.ts";
import type { Network } from "../../../src/model/network.ts";
import { formatAddress } from "../../../src/net/address.ts";
import { packet } from "../../../src/net/packet.ts";
import { TCP, UDP } from "../../../src/net/protocol.ts";
import { SYN } from "../../../src/net/tcp-flags.ts";
import { explore } from "../../../src/trace/explorer.ts";
import { address, networkOf } from "../../kernel/harness/lab.ts";
import { DEVICE, labOf, NODE_ADDRESS, packetsFor } from "./service-lab.ts";
import { type ServicePacket, type ServiceVerdict, serviceVerdict } from "./service-verdict.ts";
import { serviceWorld } from "./service-world.ts";

/** What the node gives to masqueraded packets, by where they go. */
const MASQUERADED: Readonly<Record<string, string>> = { "10.1.0.2": "10.1.0.1", "10.1.1.2": "10.1.1.1" };

/** Every way that the packet may go. */
function journeysOf(network: Network, sent: ServicePacket): readonly Journey[] {
  const protocol = sent.protocol === "TCP" ? TCP : UDP;
  const { leaves, truncated } = explore((choose) => {
    const world = createWorld(network, { choose, empty: true });
    const runtime = runtimeOf(world, "node");
    if (runtime === null) throw new Error("no node");
    const fields = { src: address(sent.src), dst: address(sent.dst), protocol, sport: 40000, dport: sent.port };
    const content = packet({ ...fields, flags: protocol === TCP ? SYN : 0 });
    if (sent.from === "node") {
      const owner = { uid: 0, gid: 0 };
      originate(world, runtime, content, {
        kind: "request",
        cause: null,
        mark: 0,
        owner,
        boundInterface: null,
        raw: false,
        selectSource: false,
      });
    } else {
      const device = runtime.host.interfaces.get(DEVICE[sent.from]);
      if (device === undefined) throw new Error("no device");
      inject(world, runtime, device, content, { sourceMac: "", destinationMac: null, mark: 0 });
    }
    settle(world, world.now);
    const [first] = world.journeys;
    if (first === undefined) throw new Error("no journey");
    return first;
  });
  expect(truncated).toBe(false);
  return leaves.map(({ value }) => value);
}

/** `endpoint source`, or what else became of the packet. */
function seen(journey: Journey, sent: ServicePacket): string {
  const { end } = journey;
  if (end === null) return "no end";
  const decided = end.chain?.program.chain.name ?? "";
  const { outcome } = end.ending;
  if ((outcome === "rejected" || outcome === "dropped") && decided.startsWith("KUBE-")) {
    return end.ending.outcome === "rejected" ? "reject" : "drop";
  }
  const to = `${formatAddress(end.packet.dst)}:${end.packet.dport}`;
  return to === `${sent.dst}:${sent.port}` ? "pass" : `${to} from ${formatAddress(end.packet.src)}`;
}

function expected(verdict: ServiceVerdict, sent: ServicePacket): ReadonlySet<string> {
  if (verdict.kind !== "endpoint") return new Set([verdict.kind]);
  return new Set(
    verdict.choices.map(({ endpoint: { ip, port }, masquerade }) => {
      const source = masquerade ? (MASQUERADED[ip] ?? NODE_ADDRESS) : sent.src;
      return `${ip}:${port} from ${source}`;
    }),
  );
}

describe("Services as kube-proxy's rules", () => {
  it("lead first packets where the resources say", () => {
    fc.assert(
      fc.property(serviceWorld, (world) => {
        const network = networkOf(labOf(world));
        for (const sent of packetsFor(world)) {
          const found = new Set(journeysOf(network, sent).map((journey) => seen(journey, sent)));
          const wanted = expected(serviceVerdict(world, sent), sent);
          expect({ sent, became: [...found].sort() }).toEqual({ sent, became: [...wanted].sort() });
        }
      }),
      { numRuns: 60 },
    );
  });
});
