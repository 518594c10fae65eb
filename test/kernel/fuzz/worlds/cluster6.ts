import fc from "fast-check";
import { labInSix, trafficInSix, wordsInSix } from "../in-six.ts";
import { sequencesOf } from "../packets.ts";
import { type FuzzedHost, randomRulesets, type WorldKind, worldKind } from "../world-kind.ts";
import {
  type Cluster,
  clusterHosts,
  clusterLab,
  clusterSchema,
  clusterTraffic,
  clusterWorlds,
  mutedHosts,
  sparingTunnels,
} from "./cluster.ts";

const FORWARDING = { "net.ipv6.conf.all.forwarding": "1" };

/** Switches of one node that change a packet's way. */
const sysctls = (): fc.Arbitrary<Readonly<Record<string, string>>> =>
  fc
    .subarray(
      [
        ["net.ipv6.conf.all.forwarding", "0"],
        ["net.ipv6.fwmark_reflect", "1"],
        ["net.netfilter.nf_conntrack_tcp_be_liberal", "1"],
      ] as const,
      { maxLength: 1 },
    )
    .map((more) => ({ ...FORWARDING, ...Object.fromEntries(more) }));

function settings(cluster: Cluster, name: string): Readonly<Record<string, string>> {
  if (name === "gw") return FORWARDING;
  return cluster.nodes.find(({ number }) => `n${number}` === name)?.sysctls ?? {};
}

function fuzzed(cluster: Cluster): readonly FuzzedHost[] {
  return clusterHosts(cluster).map(({ name, words }) => ({ name, words: wordsInSix(words) }));
}

/** The nodes and pods of `cluster` with IPv6 addresses, the overlay's outer packets too. */
export const cluster6: WorldKind = worldKind({
  name: "cluster6",
  families: [6],
  schema: clusterSchema,
  worlds: clusterWorlds(sysctls),
  lab: (cluster) => labInSix(clusterLab(cluster), ({ name }) => settings(cluster, name)),
  mute: mutedHosts,
  fuzzed,
  rulesets: (cluster, wish) =>
    randomRulesets(fuzzed(cluster), wish).map((list) => (cluster.vxlan ? list.map(sparingTunnels) : list)),
  sequences: (cluster) => {
    const sequences = sequencesOf(trafficInSix(clusterTraffic(cluster)));
    // The oracle knows packets by their flow label, of which the tunnel's source port is a hash: no two packets are of one flow there.
    return cluster.vxlan ? sequences.map((sequence) => sequence.slice(0, 1)) : sequences;
  },
  conntrack: true,
});
