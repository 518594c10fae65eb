import fc from "fast-check";
import { z } from "zod";
import type { Family } from "../../../../src/net/address.ts";
import type { ProbePacket } from "../../harness/duel.ts";
import { routerLab } from "../../harness/router-lab.ts";
import type { Sequence } from "../packets.ts";
import { ROUTER_TRAFFIC, ROUTER_WORDS } from "../pools.ts";
import { rareSysctls } from "../rare-sysctls.ts";
import type { Traffic } from "../traffic.ts";
import { type WorldKind, worldKind } from "../world-kind.ts";

export const socketsSchema = z.object({
  listen: z.array(z.string()),
  sysctls: z.record(z.string(), z.string()).optional(),
});

const PORTS = [53, 80, 443, 8080];
const DEVICES = ["", "", "", "%in0", "%out0", "%lo"];

/** Listening sockets: on any address or one of `addresses` (as they stand in `listen`), on any device or one. No port twice. */
export function listeners(family: Family, addresses: readonly string[]): fc.Arbitrary<z.infer<typeof socketsSchema>> {
  const places = ["tcp", "udp"].flatMap((protocol) => PORTS.map((port) => ({ protocol, port })));
  return fc
    .subarray(places, { minLength: 2 })
    .chain((chosen) =>
      fc.tuple(
        ...chosen.map(({ protocol, port }) =>
          fc
            .tuple(fc.constantFrom("", ...addresses.map((address) => `${address}:`)), fc.constantFrom(...DEVICES))
            // To `::1` no socket of another device can be bound.
            .map(([address, device]) => `${protocol}/${address}${port}${address === "[::1]:" ? "" : device}`),
        ),
      ),
    )
    .chain((listen) => rareSysctls(family).map((sysctls) => ({ listen: [...listen], sysctls })));
}

/** What opens a connection, each time from another port: a half-open one is remembered for a second. */
const body: fc.Arbitrary<Partial<ProbePacket>> = fc.oneof(
  fc.record({
    proto: fc.constant("tcp"),
    sport: fc.integer({ min: 1024, max: 0xffff }),
    dport: fc.constantFrom(...PORTS, 81),
    flags: fc.constantFrom("S", "S", "S", "SEC"),
    seq: fc.constant(100),
    length: fc.constant(0),
  }),
  fc.record({
    proto: fc.constant("udp"),
    sport: fc.integer({ min: 1024, max: 0xffff }),
    dport: fc.constantFrom(...PORTS, 81),
    // Of datagrams longer than 68 bytes the program finds out that they are damaged, when it reads, and TEE's copies of them arrive damaged.
    length: fc.constantFrom(0, 20, 60),
    badChecksum: fc.constantFrom(false, false, false, true),
  }),
);

/** Single packets to the addresses of `own` and through the router. */
export function openingPackets(traffic: Traffic, own: readonly string[]): fc.Arbitrary<Sequence> {
  const destination = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...own) },
    { weight: 1, arbitrary: traffic.flowDestination },
  );
  const head = fc.oneof(
    { weight: 3, arbitrary: fc.oneof(traffic.arrival, traffic.oddArrival) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Pick<ProbePacket, "host" | "bindInterface">>(
        { host: "R" },
        { host: "R", bindInterface: "in0" },
      ),
    },
  );
  return fc.tuple(head, destination, body).map(([from, dst, rest]): Sequence => [{ ...from, dst, ...rest }]);
}

/** Addresses of the router that sockets are bound to, and that packets are sent to. */
export const OWN: Readonly<Record<Family, readonly string[]>> = {
  4: ["10.0.0.1", "10.0.1.1", "127.0.0.1"],
  6: ["fd00:a::1", "fd00:b::1", "::1"],
};

/** One IPv4 router with listening sockets of all kinds. */
export const sockets: WorldKind = worldKind({
  name: "sockets",
  families: [4],
  schema: socketsSchema,
  worlds: listeners(4, ["0.0.0.0", ...OWN[4]]),
  lab: ({ listen, sysctls = {} }) => routerLab({ router: { listen, sysctls } }),
  mute: () => ["A", "B", "C"],
  fuzzed: () => [{ name: "R", words: ROUTER_WORDS }],
  sequences: () => openingPackets(ROUTER_TRAFFIC, OWN[4]),
});
