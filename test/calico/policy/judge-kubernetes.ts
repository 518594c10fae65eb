import { z } from "zod";
import { holdsAddress, type LabelledAddresses } from "../../../src/calico/labelled-addresses.ts";
import type { LabelLookup } from "../../../src/calico/selector/matches-selector.ts";
import type { JudgedPolicy, PacketDirection } from "../../../src/calico/verdict/judged-policy.ts";
import type { AddressBook, PolicyPacket } from "../../../src/calico/verdict/rule-matches.ts";
import type { Address } from "../../../src/net/address.ts";
import { parsePrefix, prefixContains } from "../../../src/net/prefix.ts";
import { SCTP, TCP, UDP } from "../../../src/net/protocol.ts";
import type { Manifest } from "./random-resources.ts";

/**
 * Policies of Kubernetes and of the network-policy-api as their own documentation reads them, without Calico in between:
 * what they become in Calico is held against this.
 */
const Selector = z.object({
  matchLabels: z.record(z.string(), z.string()).default({}),
  matchExpressions: z
    .array(z.object({ key: z.string(), operator: z.string(), values: z.array(z.string()).default([]) }))
    .default([]),
});
type Selector = z.infer<typeof Selector>;

const PROTOCOLS: Readonly<Record<string, number>> = { TCP, UDP, SCTP };

function chooses(selector: Selector, labels: LabelLookup): boolean {
  return (
    Object.entries(selector.matchLabels).every(([key, value]) => labels(key) === value) &&
    selector.matchExpressions.every(({ key, operator, values }) => {
      const value = labels(key);
      switch (operator) {
        case "In":
          return value !== undefined && values.includes(value);
        case "NotIn":
          return value === undefined || !values.includes(value);
        case "Exists":
          return value !== undefined;
        default:
          return value === undefined;
      }
    })
  );
}

function isPod(labels: LabelLookup): boolean {
  return labels("projectcalico.org/orchestrator") === "k8s";
}

function namespaceLabels(labels: LabelLookup): LabelLookup {
  return (label) => labels(`pcns.${label}`);
}

function lookup({ labels }: LabelledAddresses): LabelLookup {
  return (label) => labels.get(label);
}

function isInside(address: Address, cidr: string): boolean {
  const prefix = parsePrefix(cidr);
  return prefix !== null && prefixContains(prefix, address);
}

function holdersAt(address: Address, book: AddressBook): readonly LabelLookup[] {
  return book.holders.filter((holder) => holdsAddress(holder, address)).map(lookup);
}

const Peer = z.object({
  podSelector: Selector.optional(),
  namespaceSelector: Selector.optional(),
  ipBlock: z.object({ cidr: z.string(), except: z.array(z.string()).default([]) }).optional(),
});
const Port = z.object({
  protocol: z.string().default("TCP"),
  port: z.union([z.number(), z.string()]).optional(),
  endPort: z.number().optional(),
});
const Rule = z.object({
  from: z.array(Peer).optional(),
  to: z.array(Peer).optional(),
  ports: z.array(Port).optional(),
});
const KubernetesPolicy = z.object({
  metadata: z.object({ namespace: z.string(), name: z.string() }),
  spec: z.object({
    podSelector: Selector,
    policyTypes: z.array(z.enum(["Ingress", "Egress"])),
    ingress: z.array(Rule),
    egress: z.array(Rule),
  }),
});

function isPeer(peer: z.infer<typeof Peer>, address: Address, namespace: string, book: AddressBook): boolean {
  const { ipBlock, podSelector, namespaceSelector } = peer;
  if (ipBlock !== undefined) {
    return isInside(address, ipBlock.cidr) && !ipBlock.except.some((cidr) => isInside(address, cidr));
  }
  return holdersAt(address, book).some(
    (labels) =>
      isPod(labels) &&
      (podSelector === undefined || chooses(podSelector, labels)) &&
      (namespaceSelector === undefined
        ? labels("projectcalico.org/namespace") === namespace
        : chooses(namespaceSelector, namespaceLabels(labels))),
  );
}

function isPort({ protocol, port, endPort }: z.infer<typeof Port>, packet: PolicyPacket, book: AddressBook): boolean {
  if (PROTOCOLS[protocol] !== packet.protocol) return false;
  if (port === undefined) return true;
  if (typeof port === "number") return packet.dport >= port && packet.dport <= (endPort ?? port);
  return book.holders.some(
    (holder) =>
      holdsAddress(holder, packet.dst) &&
      holder.namedPorts.some(
        (own) => own.name === port && own.protocol === packet.protocol && own.port === packet.dport,
      ),
  );
}

/** @param knows true where the release keeps kinds apart: then names are as written */
export function judgeNetworkPolicy(manifest: Manifest, knows: boolean): JudgedPolicy {
  const { metadata, spec } = KubernetesPolicy.parse(manifest);
  const { namespace, name } = metadata;
  return {
    name: `Kubernetes NetworkPolicy ${namespace}/${name}`,
    tier: "default",
    order: 1000,
    tieBreak: knows ? `${name}/${namespace}/KubernetesNetworkPolicy` : `${namespace}/knp.default.${name}`,
    types: spec.policyTypes,
    doNotTrack: false,
    preDNAT: false,
    applyOnForward: false,
    chooses: (labels) =>
      isPod(labels) && labels("projectcalico.org/namespace") === namespace && chooses(spec.podSelector, labels),
    decide: (direction, packet, book) => {
      const [rules, address] = direction === "Ingress" ? [spec.ingress, packet.src] : [spec.egress, packet.dst];
      const speaks = rules.some((rule) => {
        const peers = (direction === "Ingress" ? rule.from : rule.to) ?? [];
        const ports = rule.ports ?? [];
        return (
          (peers.length === 0 || peers.some((peer) => isPeer(peer, address, namespace, book))) &&
          (ports.length === 0 || ports.some((port) => isPort(port, packet, book)))
        );
      });
      return speaks ? "Allow" : null;
    },
  };
}

const Pods = z.object({ namespaceSelector: Selector, podSelector: Selector });
const AdminPeer = z.object({
  namespaces: Selector.optional(),
  pods: Pods.optional(),
  networks: z.array(z.string()).optional(),
});
const Range = z.object({ start: z.number(), end: z.number() });
const AdminPort = z.object({
  portNumber: z.object({ protocol: z.string(), port: z.number() }).optional(),
  portRange: Range.extend({ protocol: z.string().default("TCP") }).optional(),
});
const Destination = z.object({
  destinationPort: z.object({ number: z.number().optional(), range: Range.optional() }).optional(),
});
const ClusterProtocol = z.object({ tcp: Destination.optional(), udp: Destination.optional() });
const AdminRule = z.object({
  action: z.enum(["Allow", "Accept", "Deny", "Pass"]),
  from: z.array(AdminPeer).optional(),
  to: z.array(AdminPeer).optional(),
  ports: z.array(AdminPort).optional(),
  protocols: z.array(ClusterProtocol).optional(),
});
const AdminManifest = z.object({
  kind: z.string(),
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    tier: z.string().optional(),
    priority: z.number().optional(),
    subject: AdminPeer,
    ingress: z.array(AdminRule),
    egress: z.array(AdminRule),
  }),
});

function isOf({ namespaces, pods }: z.infer<typeof AdminPeer>, labels: LabelLookup): boolean {
  if (namespaces !== undefined) return chooses(namespaces, namespaceLabels(labels));
  return (
    pods !== undefined && chooses(pods.namespaceSelector, namespaceLabels(labels)) && chooses(pods.podSelector, labels)
  );
}

/**
 * Whoever stands in a namespace is a peer of `namespaces`, a network set too: Calico asks those for no orchestrator, as it
 * asks `pods`.
 */
function isAdminPeer(peer: z.infer<typeof AdminPeer>, address: Address, book: AddressBook): boolean {
  if (peer.networks !== undefined) return peer.networks.some((cidr) => isInside(address, cidr));
  return holdersAt(address, book).some(
    (labels) =>
      labels("projectcalico.org/namespace") !== undefined &&
      (peer.namespaces !== undefined || isPod(labels)) &&
      isOf(peer, labels),
  );
}

function speaksOfPort(rule: z.infer<typeof AdminRule>, packet: PolicyPacket): boolean {
  const inRange = (low: number, high: number): boolean => packet.dport >= low && packet.dport <= high;
  const ports = (rule.ports ?? []).map(({ portNumber, portRange }) =>
    portNumber !== undefined
      ? PROTOCOLS[portNumber.protocol] === packet.protocol && packet.dport === portNumber.port
      : portRange !== undefined &&
        PROTOCOLS[portRange.protocol] === packet.protocol &&
        inRange(portRange.start, portRange.end),
  );
  const protocols = (rule.protocols ?? []).map(({ tcp, udp }) => {
    const asked = (tcp ?? udp)?.destinationPort;
    if (packet.protocol !== (tcp === undefined ? UDP : TCP)) return false;
    if (asked?.number !== undefined) return packet.dport === asked.number;
    return asked?.range === undefined || inRange(asked.range.start, asked.range.end);
  });
  const all = [...ports, ...protocols];
  return all.length === 0 || all.includes(true);
}

const TIER_NAMES: Readonly<Record<string, string>> = {
  AdminNetworkPolicy: "adminnetworkpolicy",
  BaselineAdminNetworkPolicy: "baselineadminnetworkpolicy",
};
const PREFIXES: Readonly<Record<string, string>> = {
  AdminNetworkPolicy: "kanp.adminnetworkpolicy.",
  BaselineAdminNetworkPolicy: "kbanp.baselineadminnetworkpolicy.",
};

export function judgeAdminPolicy(manifest: Manifest): JudgedPolicy {
  const { kind, metadata, spec } = AdminManifest.parse(manifest);
  const ofCluster = spec.tier === "Baseline" ? "kube-baseline" : "kube-admin";
  const types = (["Ingress", "Egress"] as const).filter((type) =>
    type === "Ingress" ? spec.ingress.length > 0 : spec.egress.length > 0,
  );
  return {
    name: `${kind} ${metadata.name}`,
    tier: TIER_NAMES[kind] ?? ofCluster,
    order: spec.priority ?? 1000,
    tieBreak: kind in PREFIXES ? `${PREFIXES[kind]}${metadata.name}` : `${metadata.name}//${kind}`,
    types,
    doNotTrack: false,
    preDNAT: false,
    applyOnForward: false,
    chooses: (labels) => isPod(labels) && isOf(spec.subject, labels),
    decide: (direction: PacketDirection, packet, book) => {
      const address = direction === "Ingress" ? packet.src : packet.dst;
      const found = (direction === "Ingress" ? spec.ingress : spec.egress).find(
        (rule) =>
          ((direction === "Ingress" ? rule.from : rule.to) ?? []).some((peer) => isAdminPeer(peer, address, book)) &&
          speaksOfPort(rule, packet),
      );
      if (found === undefined) return null;
      return found.action === "Accept" ? "Allow" : found.action;
    },
  };
}
