import {
  type PolicyEndpoint,
  type PolicyStage,
  type PolicyWorld,
  policyVerdict,
} from "../../../src/calico/verdict/policy-verdict.ts";
import type { PolicyPacket } from "../../../src/calico/verdict/rule-matches.ts";
import { type Address, formatAddress } from "../../../src/net/address.ts";
import { type Prefix, prefixContains } from "../../../src/net/prefix.ts";
import { ICMPV6 } from "../../../src/net/protocol.ts";

export interface Failsafe {
  readonly protocol: number;
  readonly port: number;
  readonly net: Prefix | null;
}

/** A node as its policies see it, straight from the resources. */
export interface JudgedNode {
  readonly world: PolicyWorld;
  /** Pods by the word that stands for their interface. */
  readonly pods: ReadonlyMap<string, PolicyEndpoint & { readonly addresses: readonly string[] }>;
  /** Host endpoints by interface, `*` for all that have none. */
  readonly hosts: ReadonlyMap<string, PolicyEndpoint>;
  readonly failsafeIn: readonly Failsafe[];
  readonly failsafeOut: readonly Failsafe[];
  readonly own: readonly string[];
  /** The interface towards an address that is not the node's. */
  route(destination: Address): string;
  /** What the node's own rules make of the destination. */
  translate(packet: PolicyPacket, local: boolean): PolicyPacket;
}

function isFailsafe(list: readonly Failsafe[], packet: PolicyPacket, side: "dport" | "sport", peer: Address): boolean {
  return list.some(
    ({ protocol, port, net }) =>
      protocol === packet.protocol && port === packet[side] && (net === null || prefixContains(net, peer)),
  );
}

/** What a router hears from its links, which workloads may always tell it. */
const DISCOVERY = [130, 131, 132, 133, 135, 136];

class Dropped extends Error {}

/**
 * Whether a node of Calico's lets a first packet through, as its documentation says what each kind of policy is for, and in
 * the order in which a packet meets them. FORWARD drops what Calico does not accept.
 */
export function nodeVerdict(node: JudgedNode, from: string, sent: PolicyPacket): boolean {
  try {
    pass(node, from, sent);
    return true;
  } catch (problem) {
    if (problem instanceof Dropped) return false;
    throw problem;
  }
}

/** Throws Dropped; undefined where no policy decides. */
function ask(
  node: JudgedNode,
  endpoint: PolicyEndpoint,
  direction: "Ingress" | "Egress",
  packet: PolicyPacket,
  stage: PolicyStage,
): boolean {
  const { allowed } = policyVerdict(endpoint, direction, packet, node.world, stage);
  if (allowed === false) throw new Dropped();
  return allowed === true;
}

function hasStage(node: JudgedNode, endpoint: PolicyEndpoint | undefined, stage: "untracked" | "preDNAT"): boolean {
  return (
    endpoint !== undefined &&
    node.world.policies.some(
      (policy) =>
        (stage === "untracked" ? policy.doNotTrack : policy.preDNAT) &&
        policy.chooses((label) => endpoint.labels.get(label)),
    )
  );
}

function pass(node: JudgedNode, from: string, sent: PolicyPacket): void {
  if (from === "node") {
    sendLocal(node, sent);
    return;
  }
  const pod = node.pods.get(from);
  if (pod !== undefined && !pod.addresses.includes(formatAddress(sent.src))) throw new Dropped();
  const [accepted, tracked] = untracked(node, from, "Ingress", sent);
  arrive(node, from, sent, accepted, tracked);
}

/** Untracked policies come before everything, on interfaces with a host endpoint of their own. */
function untracked(
  node: JudgedNode,
  device: string,
  direction: "Ingress" | "Egress",
  packet: PolicyPacket,
): readonly [accepted: boolean, tracked: boolean] {
  const host = node.hosts.get(device);
  if (device === "*" || host === undefined || !hasStage(node, host, "untracked")) return [false, true];
  const isIn = direction === "Ingress";
  const peer = isIn ? packet.src : packet.dst;
  const [own, reply] = isIn ? [node.failsafeIn, node.failsafeOut] : [node.failsafeOut, node.failsafeIn];
  if (isFailsafe(own, packet, "dport", peer) || isFailsafe(reply, packet, "sport", peer)) return [false, true];
  const accepted = ask(node, host, direction, packet, "untracked");
  return [accepted, !accepted];
}

/** From mangle PREROUTING on. */
function arrive(node: JudgedNode, from: string, sent: PolicyPacket, before: boolean, tracked: boolean): void {
  let accepted = before;
  if (!accepted) {
    // an endpoint without such policies leaves its interface to the endpoint for all
    const named = node.hosts.get(from);
    const host = hasStage(node, named, "preDNAT") ? named : node.hosts.get("*");
    if (host !== undefined && hasStage(node, host, "preDNAT") && !isFailsafe(node.failsafeIn, sent, "dport", sent.src))
      accepted = ask(node, host, "Ingress", sent, "preDNAT");
  }
  // what comes back over lo belongs to a connection whose destination was settled on its way out
  const packet = tracked && from !== "lo" ? node.translate(sent, false) : sent;
  if (node.own.includes(formatAddress(packet.dst))) input(node, from, packet, accepted);
  else forward(node, from, packet, accepted);
}

function input(node: JudgedNode, from: string, packet: PolicyPacket, accepted: boolean): void {
  const pod = node.pods.get(from);
  if (pod !== undefined) {
    const isDiscovery = packet.protocol === ICMPV6 && DISCOVERY.includes(packet.icmp?.type ?? -1);
    if (!isDiscovery) ask(node, pod, "Egress", packet, "normal");
    return;
  }
  const host = node.hosts.get(from) ?? node.hosts.get("*");
  if (accepted || host === undefined || isFailsafe(node.failsafeIn, packet, "dport", packet.src)) return;
  ask(node, host, "Ingress", packet, "normal");
}

function forward(node: JudgedNode, from: string, packet: PolicyPacket, before: boolean): void {
  let accepted = before;
  const to = node.route(packet.dst);
  const [host, other] = [node.hosts.get(from) ?? node.hosts.get("*"), node.hosts.get(to) ?? node.hosts.get("*")];
  if (!accepted && host !== undefined) accepted = ask(node, host, "Ingress", packet, "forward");
  const [sender, receiver] = [node.pods.get(from), node.pods.get(to)];
  if (sender !== undefined) accepted = ask(node, sender, "Egress", packet, "normal");
  if (receiver !== undefined) accepted = ask(node, receiver, "Ingress", packet, "normal");
  // what this endpoint does not decide is as if nobody had
  if (other !== undefined) accepted = ask(node, other, "Egress", packet, "forward");
  if (!accepted) throw new Dropped();
}

function sendLocal(node: JudgedNode, sent: PolicyPacket): void {
  const isOwn = node.own.includes(formatAddress(sent.dst));
  const first = isOwn ? "lo" : node.route(sent.dst);
  const [accepted, tracked] = untracked(node, first, "Egress", sent);
  const packet = tracked ? node.translate(sent, true) : sent;
  const isTranslated = packet !== sent;
  const to = isOwn ? "lo" : node.route(packet.dst);
  if (!accepted && !(node.pods.has(first) && !isTranslated)) {
    const named = node.hosts.get(to);
    const host = named ?? (isTranslated && node.pods.has(to) ? undefined : node.hosts.get("*"));
    if (host !== undefined && !isFailsafe(node.failsafeOut, packet, "dport", packet.dst))
      ask(node, host, "Egress", packet, "normal");
  }
  if (isOwn) {
    const [again, still] = untracked(node, "lo", "Ingress", packet);
    arrive(node, "lo", packet, again, still);
  }
}
