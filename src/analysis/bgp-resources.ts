import { bgpFindings } from "../calico/bird/bgp-findings.ts";
import type { BirdContext } from "../calico/bird/bird-context.ts";
import { type BirdPeer, peersOf } from "../calico/bird/bird-peer.ts";
import { calicoNodeEnvironment } from "../calico/bird/calico-node-environment.ts";
import type { Cluster } from "../calico/cluster.ts";
import type { BirdConfiguration, BirdOption } from "../model/bird/configuration.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { type Origin, type OriginTable, sourceOf } from "../model/origin.ts";
import { formatAddress } from "../net/address.ts";
import type { SettledCluster } from "../readers/cluster/settle-cluster.ts";
import { renderedBird } from "./rendered-bird.ts";

/**
 * What BGP's resources ask for that cannot be, and where the bird.cfg of a machine has other sessions than the resources ask for: then confd
 * has not written it again, or the resources have changed since. Nothing is said of identifiers and passwords where no object tells
 * CALICO_ROUTER_ID and the Secrets; `shared`: addresses of two machines, whose identifier is the same for that reason.
 */
export function bgpResources(
  cluster: Cluster,
  evidence: ReadonlyMap<string, Evidence>,
  origins: OriginTable,
  settled: SettledCluster | null,
  shared: ReadonlySet<string> = new Set(),
): readonly Finding[] {
  if (cluster.bgpPeers.size + cluster.bgpConfigurations.size + cluster.calicoNodes.size === 0) return [];
  const context = renderedBird(cluster, settled);
  const isTold = ({ code }: Finding): boolean =>
    (calicoNodeEnvironment(cluster) !== null || !code.startsWith("bgp-identifier-")) &&
    (code !== "bgp-password-missing" || settled !== null || cluster.secrets.size > 0);
  return [
    ...bgpFindings(cluster, context, origins, shared).filter(isTold),
    ...[...evidence].flatMap(([host, { birdConfigurations }]) =>
      hasOwnAddress(cluster, host) ? sessionsDiffer(host, birdConfigurations, context, origins) : [],
    ),
  ];
}

/** Calico has said which address it uses: else its sessions may be with others. */
function hasOwnAddress(cluster: Cluster, host: string): boolean {
  const kubernetes = cluster.nodes.get(host);
  const calico = cluster.calicoNodes.get(host);
  return [calico?.ipv4, calico?.ipv6, kubernetes?.calicoIPv4, kubernetes?.calicoIPv6].some((one) => one != null);
}

/** Names that confd gives to protocols; others are no business of the resources. */
const CONFDS = /^(?:Mesh|Global|Node|Local_Workload)_/;

function sessionsDiffer(
  host: string,
  configurations: readonly BirdConfiguration[],
  context: BirdContext,
  origins: OriginTable,
): readonly Finding[] {
  return ([4, 6] as const).flatMap((family) => {
    const last = configurations.findLast(({ file }) => /bird6[^/]*$/.test(file) === (family === 6));
    const node = context.nodes.get(host);
    if (last === undefined || node === undefined) return [];
    const asked = new Map(peersOf(node, family, context).map((peer) => [peer.name, peer]));
    const findings: Finding[] = [];
    const tell = (origin: Origin, message: string): void => {
      const place = sourceOf(origins, origin);
      findings.push({
        code: "bird-config-differs",
        severity: "warning",
        message: `${host}: ${message}`,
        file: place?.file ?? last.file,
        ...(place?.line === undefined ? {} : { line: place.line }),
        advice: "Look at the log of calico-node for what confd and BIRD say, or collect both again.",
      });
    };
    for (const { type, name, options, origin } of last.protocols) {
      if (type !== "bgp" || !CONFDS.test(name)) continue;
      const peer = asked.get(name);
      asked.delete(name);
      if (peer === undefined) tell(origin, `no resource asks for the BGP session ${name}.`);
      else for (const difference of differencesOf(peer, options)) tell(origin, `${name} ${difference}`);
    }
    for (const { name, neighbor } of asked.values()) {
      tell(0, `the resources ask for a BGP session ${name} with ${neighbor}, which ${last.file} does not have.`);
    }
    return findings;
  });
}

function differencesOf(peer: BirdPeer, options: readonly BirdOption[]): readonly string[] {
  const differences: string[] = [];
  for (const option of options) {
    if (option.kind !== "neighbor" || option.address === null) continue;
    const { address, as, port } = option;
    const differ = (what: string, written: unknown, asked: unknown): void => {
      if (written !== asked)
        differences.push(`has ${what} ${String(written)}, and the resources ask for ${String(asked)}.`);
    };
    differ("neighbor", formatAddress(address), peer.neighbor);
    differ("AS number", as, peer.asNumber);
    differ("port", port ?? 179, peer.port ?? 179);
  }
  const isPassive = options.some((option) => option.kind === "switch" && option.name === "passive" && option.on);
  if (isPassive !== peer.isPassive) {
    differences.push(`is ${isPassive ? "" : "not "}passive, and the resources ask for the opposite.`);
  }
  return differences;
}
