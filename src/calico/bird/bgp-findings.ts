import { describeResource, type Metadata } from "../../kubernetes/metadata.ts";
import type { SecretKeyReference } from "../../kubernetes/secret-key-reference.ts";
import type { Finding } from "../../model/finding.ts";
import { type OriginTable, sourceOf } from "../../model/origin.ts";
import { formatAddress } from "../../net/address.ts";
import type { BGPPeer } from "../bgp-peer.ts";
import type { Cluster } from "../cluster.ts";
import { matchesSelector } from "../selector/matches-selector.ts";
import type { WrittenSelector } from "../written-selector.ts";
import { addressOf, type BgpNode } from "./bgp-node.ts";
import type { BirdContext } from "./bird-context.ts";
import { routerIdOf } from "./bird-head.ts";
import { newerRuleFields } from "./older-filter.ts";
import { isGlobal } from "./peering.ts";

/**
 * What resources ask of BGP that no node can do, or that does not do what it says.
 *
 * @param shared addresses that two machines are known to have: that they have one identifier follows, and is not told
 */
export function bgpFindings(
  cluster: Cluster,
  context: BirdContext,
  origins: OriginTable,
  shared: ReadonlySet<string> = new Set(),
): readonly Finding[] {
  const at = ({ origin }: Metadata): Pick<Finding, "file" | "line"> => {
    const source = sourceOf(origins, origin);
    return {
      ...(source?.file === undefined ? {} : { file: source.file }),
      ...(source?.line === undefined ? {} : { line: source.line }),
    };
  };
  return [
    ...[...cluster.bgpPeers.values()].flatMap((peer) =>
      peerFindings(peer, context).map((finding) => ({ ...finding, ...at(peer.metadata) })),
    ),
    ...context.peerings.lost.map(
      ({ peer, to, address }): Finding => ({
        code: "bgp-peer-twice",
        severity: "warning",
        message: `${named(peer)} and ${named(to)} ask for the same session, with ${formatAddress(address)}; ${named(to)} counts.`,
        ...at(peer.metadata),
        advice:
          isGlobal(to) && !isGlobal(peer)
            ? "A peer of all nodes counts more than one of some."
            : "Which of them Calico takes changes from start to start: remove one.",
      }),
    ),
    ...missingPasswords(cluster, context).map(
      ({ metadata, reference }): Finding => ({
        code: "bgp-password-missing",
        severity: "warning",
        message: `${describeResource(metadata.kind, null, metadata.name)} takes its password from key ${reference.key} of Secret ${reference.name}, which is not there: the session has none.`,
        ...at(metadata),
        advice: "calico-node reads Secrets of the namespace that it runs in.",
      }),
    ),
    ...identifierFindings(context, shared),
    ...lonelyReflectors(context),
    ...newerFields(cluster, context).map(
      ({ metadata, fields }): Finding => ({
        code: "calico-field-newer",
        severity: "warning",
        message: `${describeResource(metadata.kind, null, metadata.name)}: v3.29 knows nothing of ${fields.join(", ")}.`,
        ...at(metadata),
        advice: "Its API server drops what it does not know; BIRD's configuration is rendered without.",
      }),
    ),
  ];
}

function named({ metadata }: BGPPeer): string {
  return describeResource("BGPPeer", null, metadata.name);
}

function peerFindings(peer: BGPPeer, context: BirdContext): readonly Finding[] {
  const findings: Finding[] = [];
  const { peerIP, peerSelector, localWorkloadSelector, nodeSelector, node, asNumber } = peer;
  const nowhere = (message: string, advice: string): void => {
    findings.push({ code: "bgp-peer-nowhere", severity: "warning", message: `${named(peer)} ${message}`, advice });
  };
  if (peerIP === null && peerSelector === null && localWorkloadSelector === null) {
    nowhere("has no address: no session is made of it.", "Give it a peerIP or a peerSelector.");
  }
  const choosesNobody = (written: WrittenSelector | null): boolean =>
    written !== null && ![...context.nodes.values()].some((one) => matches(written, one));
  if (choosesNobody(nodeSelector)) {
    nowhere(`has a nodeSelector that chooses no node: ${nodeSelector?.text}.`, "Look at the labels of the nodes.");
  }
  if (choosesNobody(peerSelector)) {
    nowhere(`has a peerSelector that chooses no node: ${peerSelector?.text}.`, "Look at the labels of the nodes.");
  }
  if (node !== null && !context.nodes.has(node)) {
    nowhere(`is for node ${node}, which is not there.`, "Names of nodes are those of the Node objects.");
  }
  if (peerIP !== null && (asNumber === null || asNumber === 0)) {
    findings.push({
      code: "bgp-peer-without-as",
      severity: "error",
      message: `${named(peer)} has no asNumber: BIRD refuses the configuration of the node with "Remote AS number must be set", and keeps the one before.`,
      advice: "Write the AS number of the peer.",
    });
  }
  for (const name of peer.filters) {
    if (context.filters.has(name)) continue;
    findings.push({
      code: "bgp-filter-missing",
      severity: "warning",
      message: `${named(peer)} names BGPFilter ${name}, which is not there: the session goes without it.`,
      advice: "A BGPFilter that is missing is passed over without a word.",
    });
  }
  return findings;
}

function matches({ selector }: WrittenSelector, { labels }: BgpNode): boolean {
  return selector !== null && matchesSelector(selector, (label) => labels.get(label));
}

interface MissingPassword {
  readonly metadata: Metadata;
  readonly reference: SecretKeyReference;
}

function missingPasswords(cluster: Cluster, context: BirdContext): readonly MissingPassword[] {
  const { configuration } = context;
  const asked = [
    ...(configuration === null
      ? []
      : [{ metadata: configuration.metadata, reference: configuration.nodeMeshPassword }]),
    ...[...cluster.bgpPeers.values()].map(({ metadata, password }) => ({ metadata, reference: password })),
  ];
  return asked.flatMap(({ metadata, reference }) =>
    reference === null || context.passwordOf(reference) !== null ? [] : [{ metadata, reference }],
  );
}

/** Two speakers with one identifier refuse each other; one without has no configuration that BIRD takes. */
function identifierFindings(context: BirdContext, shared: ReadonlySet<string>): readonly Finding[] {
  const byId = new Map<string, BgpNode[]>();
  for (const node of context.nodes.values()) {
    if (addressOf(node, 4) === null && addressOf(node, 6) === null) continue;
    const id = routerIdOf(node, context);
    const others = byId.get(id);
    if (others === undefined) byId.set(id, [node]);
    else others.push(node);
  }
  return [...byId].flatMap(([id, nodes]): readonly Finding[] => {
    const names = nodes.map(({ name }) => name).join(", ");
    if (id === "") {
      return [
        {
          code: "bgp-identifier-missing",
          severity: "error",
          message: `No router id for ${names}: without an IPv4 address and CALICO_ROUTER_ID, BIRD refuses the configuration with "syntax error".`,
          advice: "Set CALICO_ROUTER_ID of calico-node to hash.",
        },
      ];
    }
    if (nodes.length === 1 || shared.has(id)) return [];
    return [
      {
        code: "bgp-identifier-twice",
        severity: "error",
        message: `${names} have the same BGP identifier, ${id}: they refuse sessions with each other with "Bad BGP identifier".`,
        advice: "The identifier is the node's IPv4 address, or what CALICO_ROUTER_ID says.",
      },
    ];
  });
}

/** A route reflector takes no part in the mesh, and the mesh none in it: only BGPPeers give it sessions. */
function lonelyReflectors(context: BirdContext): readonly Finding[] {
  const { global, ofNode } = context.peerings;
  return [...context.nodes.values()].flatMap((node): readonly Finding[] => {
    if (node.routeReflectorClusterID === null || global.size > 0 || (ofNode.get(node.name)?.size ?? 0) > 0) return [];
    return [
      {
        code: "route-reflector-alone",
        severity: "warning",
        message: `${node.name} is a route reflector (cluster ${node.routeReflectorClusterID}) that no BGPPeer leads to: it has no session at all.`,
        advice: "A BGPPeer with nodeSelector all() and a peerSelector for the route reflectors is what is usual.",
      },
    ];
  });
}

interface NewerFields {
  readonly metadata: Metadata;
  readonly fields: readonly string[];
}

/** Fields that came after the release that runs: Calico's API server drops them. */
function newerFields(cluster: Cluster, { layout }: BirdContext): readonly NewerFields[] {
  if (layout === "flat") return [];
  const peers = [...cluster.bgpPeers.values()].map((peer) => ({
    metadata: peer.metadata,
    fields: [
      ...(peer.localWorkloadSelector === null ? [] : ["localWorkloadSelector"]),
      ...(peer.localASNumber === null ? [] : ["localASNumber"]),
      ...(peer.nextHopMode === null ? [] : ["nextHopMode"]),
      ...(peer.keepaliveTime === null ? [] : ["keepaliveTime"]),
      ...(peer.reversePeering === "Auto" ? [] : ["reversePeering"]),
    ],
  }));
  const filters = [...cluster.bgpFilters.values()].map((filter) => {
    const rules = [...filter.importV4, ...filter.exportV4, ...filter.importV6, ...filter.exportV6];
    return { metadata: filter.metadata, fields: [...new Set(rules.flatMap(newerRuleFields))].sort() };
  });
  return [...peers, ...filters].filter(({ fields }) => fields.length > 0);
}
