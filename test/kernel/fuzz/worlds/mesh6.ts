import fc from "fast-check";
import { labInSix, trafficInSix, wordsInSix } from "../in-six.ts";
import { sequencesOf } from "../packets.ts";
import { type WorldKind, worldKind } from "../world-kind.ts";
import { meshHosts, meshLab, meshSchema, meshTraffic, meshWorlds } from "./mesh.ts";

/** Switches of one router that change a packet's way. */
const sysctls = (devices: readonly string[]): fc.Arbitrary<Readonly<Record<string, string>>> =>
  fc
    .tuple(
      fc.constantFrom("1", "1", "1", "1", "1", "1", "1", "0"),
      fc.subarray(
        [
          ["net.ipv6.fwmark_reflect", "1"],
          ["net.ipv6.icmp.echo_ignore_all", "1"],
          ["net.netfilter.nf_conntrack_tcp_loose", "0"],
          ...devices.map((device) => [`net.ipv6.conf.${device}.forwarding`, "0"] as const),
          ...devices.map((device) => [`net.ipv6.conf.${device}.force_forwarding`, "1"] as const),
        ] as const,
        { maxLength: 1 },
      ),
    )
    .map(([forwarding, more]) => ({ "net.ipv6.conf.all.forwarding": forwarding, ...Object.fromEntries(more) }));

/** The routers of `mesh` with IPv6 addresses. */
export const mesh6: WorldKind = worldKind({
  name: "mesh6",
  families: [6],
  schema: meshSchema,
  worlds: meshWorlds(sysctls),
  lab: (mesh) =>
    labInSix(meshLab(mesh), ({ name }) => mesh.routers.find((router) => router.name === name)?.sysctls ?? {}),
  mute: ({ ends }) => ends.map(({ name }) => name),
  fuzzed: (mesh) => meshHosts(mesh).map(({ name, words }) => ({ name, words: wordsInSix(words) })),
  sequences: (mesh) => sequencesOf(trafficInSix(meshTraffic(mesh))),
  conntrack: true,
});
