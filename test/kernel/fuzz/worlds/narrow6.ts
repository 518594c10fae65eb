import fc from "fast-check";
import type { ProbePacket } from "../../harness/duel.ts";
import { inSix, labInSix, wordsInSix } from "../in-six.ts";
import { type WorldKind, worldKind } from "../world-kind.ts";
import { type Narrow, narrowLab, narrowSchema, narrowSequences, narrowWords, PATIENCE } from "./narrow.ts";

/** No link takes less than 1,280 bytes. */
const mtu = fc.constantFrom(1500, 1500, 1500, 1400, 1340, 1300, 1288, 1280);

/** IPv6's own MTU of a device, which is no more than what its link takes (addrconf_sysctl_mtu()). */
const OWN_MTU = "net.ipv6.conf.out0.mtu";

function settingsOf({ mtus, sysctls }: Narrow, router: string): Readonly<Record<string, string>> {
  const { [OWN_MTU]: own, ...rest } = sysctls;
  if (own === undefined || !router.startsWith("R")) return rest;
  return { ...rest, [OWN_MTU]: String(Math.min(Number(own), router === "R1" ? mtus[1] : mtus[2])) };
}

const worlds: fc.Arbitrary<Narrow> = fc.record({
  mtus: fc.tuple(mtu, mtu, mtu),
  routeMtu: fc.constantFrom(0, 0, 0, 1400, 1290, 1500),
  sysctls: fc.record(
    { "net.ipv6.fwmark_reflect": fc.constantFrom("0", "1"), [OWN_MTU]: fc.constantFrom("1280", "1300", "1400") },
    { requiredKeys: [] },
  ),
  answers: fc.boolean(),
});

/** The packet in IPv6: without DF, and echo requests of ICMPv6. */
function packetInSix({ df: _df, src, dst, ...packet }: ProbePacket): ProbePacket {
  return {
    ...packet,
    ...(src === undefined ? {} : { src: inSix(src) }),
    ...(dst === undefined ? {} : { dst: inSix(dst) }),
    ...(packet.proto === "icmp" ? { proto: "icmpv6", icmpType: 128 } : {}),
  };
}

/** The links of `narrow` with IPv6 addresses: packets around their MTUs, what hosts learn, and datagrams in pieces. */
export const narrow6: WorldKind = worldKind({
  name: "narrow6",
  families: [6],
  schema: narrowSchema,
  worlds,
  lab: (world) =>
    labInSix(narrowLab(world), ({ name }) => ({
      ...(name.startsWith("R") ? { "net.ipv6.conf.all.forwarding": "1" } : {}),
      "net.ipv6.ip6frag_time": PATIENCE,
      "net.netfilter.nf_conntrack_frag6_timeout": PATIENCE,
      ...settingsOf(world, name),
    })),
  mute: ({ answers }) => (answers ? [] : ["A", "B"]),
  fuzzed: () => ["R1", "R2"].map((name) => ({ name, words: wordsInSix(narrowWords) })),
  sequences: (world) => narrowSequences(world).map((sequence) => sequence.map(packetInSix)),
  conntrack: true,
});
