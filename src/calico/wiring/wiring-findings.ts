import { append } from "../../model/append.ts";
import type { Finding } from "../../model/finding.ts";
import { type Family, formatAddress } from "../../net/address.ts";
import type { BGPFilter } from "../bgp-filter.ts";
import { rulesOf } from "../bird/filter-functions.ts";
import type { Cluster } from "../cluster.ts";
import type { ClusterVersions, DeclaredNode } from "../declared-node.ts";
import { wireguardKey } from "../wireguard-keys.ts";
import { bgpGraph } from "./bgp-reach.ts";
import { notReached } from "./not-reached.ts";
import { asksOfAttributes } from "./range-filters.ts";
import { noParent } from "./tunnel-devices.ts";
import { nodeAddress, parentDevice } from "./wired-node.ts";
import { encapsulationOf, wiringSettings } from "./wiring-settings.ts";

const NOBODY: ReadonlySet<string> = new Set();

const IP_FORWARD = "net.ipv4.ip_forward";

/** What is wrong with the wiring of a cluster's nodes, without wiring them. */
export function wiringFindings(
  cluster: Cluster,
  nodes: readonly DeclaredNode[],
  versions: ClusterVersions,
  played: ReadonlySet<string> = NOBODY,
): readonly Finding[] {
  const settings = wiringSettings(cluster, "", versions);
  const findings: Finding[] = [...(settings.ipForwarding ? forwardingTurnedOn(nodes) : [])];
  for (const family of [4, 6] as const) {
    if (settings.wireguard.enabled[family]) append(findings, withoutKey(cluster, nodes, family));
    for (const node of settings.vxlanEnabled[family] ? nodes : []) {
      const own = nodeAddress(node, family);
      if (own !== null && parentDevice(node, family) === null) findings.push(noParent(node.name, family, own));
    }
    if (settings.bird && needsBird(cluster, family)) append(findings, withoutPath(cluster, nodes, family, played));
  }
  return findings;
}

/** What nodes.yaml turns off and Felix turns on again when it starts (FelixConfiguration.spec.ipForwarding). */
function forwardingTurnedOn(nodes: readonly DeclaredNode[]): readonly Finding[] {
  const off = nodes.filter(({ sysctls }) => sysctls.get(IP_FORWARD) === "0").map(({ name }) => name);
  const [first, ...more] = off;
  if (first === undefined) return [];
  return [
    {
      code: "sysctl-overwritten",
      severity: "warning",
      message: `${first}${more.length === 0 ? "" : ` and ${more.length} more`}: ${IP_FORWARD} is 0 in nodes.yaml, and 1 in the answers: Felix turns it on when it starts.`,
      advice:
        "Set spec.ipForwarding of FelixConfiguration to Disabled; or let a scenario turn it off later: `sysctl -w net.ipv4.ip_forward=0`.",
    },
  ];
}

function needsBird(cluster: Cluster, family: Family): boolean {
  return [...cluster.ipPools.values()].some(
    (pool) => pool.cidr.address.family === family && encapsulationOf(pool) !== "vxlan",
  );
}

function withoutPath(
  cluster: Cluster,
  nodes: readonly DeclaredNode[],
  family: Family,
  played: ReadonlySet<string>,
): readonly Finding[] {
  const isMesh =
    cluster.bgpConfigurations.get("default")?.nodeToNodeMeshEnabled !== false &&
    cluster.bgpPeers.size === 0 &&
    [...cluster.calicoNodes.values(), ...cluster.nodes.values()].every((node) => node.routeReflectorClusterID === null);
  if (isMesh) return [];
  const graph = bgpGraph(cluster, nodes, family);
  const known = nodes.filter((node) => nodeAddress(node, family) !== null);
  // nodes at equal places have equal ways, each with itself and the others exchanged
  const groups = new Map<string, string[]>();
  for (const { name } of known) {
    const place = graph.placeOf(name);
    const same = groups.get(place);
    if (same === undefined) groups.set(place, [name]);
    else same.push(name);
  }
  return [
    ...[...groups.values()].flatMap((names) => {
      const [first = ""] = names;
      const { nextHops, outside } = graph.reachOf(first);
      // what they tell is not guessed: their BIRDs run
      if (outside.length > 0 && outside.every((peer) => played.has(formatAddress(peer)))) return [];
      const unreached = known.map((node) => node.name).filter((other) => other !== first && !nextHops.has(other));
      return notReached(names, new Set(unreached), outside.map(formatAddress));
    }),
    ...graph.filters.flatMap((filter) => undecided(filter, family)),
  ];
}

/** A BGPFilter whose rules test what only a route that was sent has. */
function undecided(filter: BGPFilter, family: Family): readonly Finding[] {
  const rules = [...rulesOf(filter, "import", family), ...rulesOf(filter, "export", family)];
  if (!rules.some(asksOfAttributes)) return [];
  return [
    {
      code: "bgp-filter-undecided",
      severity: "warning",
      message: `BGPFilter ${filter.metadata.name} asks for interfaces, communities, AS paths or priorities of IPv${family} routes: where BGP is assumed, such rules count as not applying.`,
      advice: "Let BGP run: --bgp run.",
    },
  ];
}

/** Nodes that have published no key of WireGuard's while others have. */
function withoutKey(cluster: Cluster, nodes: readonly DeclaredNode[], family: Family): readonly Finding[] {
  const names = nodes.map(({ name }) => name).filter((name) => wireguardKey(cluster, name, family) === null);
  const [first, ...more] = names;
  if (first === undefined) return [];
  return [
    {
      code: "wireguard-key-missing",
      severity: "warning",
      message: `${first}${more.length === 0 ? "" : ` and ${more.length} more`}: no public key for IPv${family}, though other nodes tell theirs: packets to and from pods there go in clear.`,
      advice:
        "Look into the log of calico-node there (does its kernel have the module?), or give the key: status.wireguardPublicKey of Calico's Node, projectcalico.org/WireguardPublicKey of the Node.",
    },
  ];
}
