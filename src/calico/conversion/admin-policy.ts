import {
  at,
  type Field,
  type FieldPath,
  integer,
  listOf,
  member,
  numberField,
  pathOf,
  text,
} from "../../kubernetes/field.ts";
import { type LabelSelector, readLabelSelector } from "../../kubernetes/label-selector.ts";
import { readMetadata } from "../../kubernetes/metadata.ts";
import type { Origin } from "../../model/origin.ts";
import { formatPrefix, parseInterfaceAddress, prefixOf } from "../../net/prefix.ts";
import {
  ANY_ENTITY,
  ANY_RULE,
  type CalicoPolicy,
  type CalicoRule,
  type EntityRule,
  type PolicyPort,
} from "../network-policy.ts";
import { namespaceSelectorText, podSelectorText } from "./label-selector.ts";
import { simplifyPorts } from "./policy-ports.ts";

/** A rule that Calico cannot convert. */
interface RefusedAdminRule {
  readonly path: FieldPath;
  readonly reason: string;
}

/** A policy of the network-policy-api, and what Calico could not convert. */
export interface AdminPolicy {
  readonly policy: CalicoPolicy;
  readonly refused: readonly RefusedAdminRule[];
}

/** Which of the three kinds, and what differs between them. */
interface Dialect {
  readonly kind: CalicoPolicy["kind"];
  readonly prefix: string;
  tier(spec: Field): string;
  order(spec: Field): number | null;
  readonly actions: ReadonlyMap<string, CalicoRule["action"]>;
  /** Ports by protocol; the empty protocol asks nothing. */
  ports(rule: Field): ReadonlyMap<string, readonly PolicyPort[]> | string;
}

const ALL_NAMESPACES: LabelSelector = { matchLabels: new Map(), matchExpressions: [] };

function selectorsOf(field: Field): Pick<EntityRule, "selector" | "namespaceSelector"> | null {
  const namespaces = readLabelSelector(member(field, "namespaces"));
  if (namespaces !== null) return { selector: "", namespaceSelector: namespaceSelectorText(namespaces) };
  const pods = member(field, "pods");
  if (pods.value === undefined || pods.value === null) return null;
  return {
    selector: podSelectorText(readLabelSelector(member(pods, "podSelector")) ?? ALL_NAMESPACES),
    namespaceSelector: namespaceSelectorText(readLabelSelector(member(pods, "namespaceSelector")) ?? ALL_NAMESPACES),
  };
}

/** Null where the peer is of a kind that Calico does not support. */
function peer(field: Field, egress: boolean): EntityRule | string {
  const selectors = selectorsOf(field);
  if (selectors !== null) return { ...ANY_ENTITY, ...selectors };
  const networks = listOf(member(field, "networks"), text);
  if (!egress || networks.length === 0) return "no peer that Calico knows";
  const nets: string[] = [];
  for (const network of networks) {
    const parsed = network.includes("/") ? parseInterfaceAddress(network) : null;
    if (parsed === null) return `${network} is no CIDR block`;
    nets.push(formatPrefix(prefixOf(parsed.address, parsed.length)));
  }
  return { ...ANY_ENTITY, nets };
}

function port(number: number | null): PolicyPort | null {
  return number === null ? null : { kind: "range", first: number, last: number };
}

function range(field: Field): PolicyPort | string {
  const [first, last] = [integer(member(field, "start")) ?? 0, integer(member(field, "end")) ?? 0];
  return first <= last ? { kind: "range", first, last } : `ports ${first} to ${last} are no range`;
}

/** Null stands for all ports of the protocol. */
type ProtocolPort = { readonly protocol: string; readonly port: PolicyPort | null };

function joined(entries: readonly (ProtocolPort | string)[]): ReadonlyMap<string, readonly PolicyPort[]> | string {
  if (entries.length === 0) return new Map([["", []]]);
  const found = new Map<string, PolicyPort[]>();
  const everything = new Set<string>();
  for (const entry of entries) {
    if (typeof entry === "string") return entry;
    const list = found.get(entry.protocol) ?? [];
    found.set(entry.protocol, list);
    if (entry.port === null) everything.add(entry.protocol);
    else list.push(entry.port);
  }
  if (everything.has("")) return new Map([["", []]]);
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  return new Map(sorted.map(([name, list]) => [name, everything.has(name) ? [] : simplifyPorts(list)]));
}

/** `ports` of an AdminNetworkPolicy or BaselineAdminNetworkPolicy (policy.networking.k8s.io/v1alpha1). */
function adminPorts(rule: Field): ReturnType<Dialect["ports"]> {
  return joined(
    listOf(member(rule, "ports"), (field): ProtocolPort | string => {
      const number = member(field, "portNumber");
      const span = member(field, "portRange");
      if (number.value !== undefined)
        return { protocol: text(member(number, "protocol")) || "TCP", port: port(integer(member(number, "port"))) };
      if (span.value === undefined) return "named ports are not supported";
      const ports = range(span);
      return typeof ports === "string" ? ports : { protocol: text(member(span, "protocol")) || "TCP", port: ports };
    }),
  );
}

/** `protocols` of a ClusterNetworkPolicy (policy.networking.k8s.io/v1alpha2). */
function clusterPorts(rule: Field): ReturnType<Dialect["ports"]> {
  return joined(
    listOf(member(rule, "protocols"), (field): ProtocolPort | string => {
      for (const protocol of ["tcp", "udp", "sctp"]) {
        const own = member(field, protocol);
        if (own.value === undefined || own.value === null) continue;
        const destination = member(own, "destinationPort");
        const number = integer(member(destination, "number"));
        if (number !== null && number !== 0) return { protocol: protocol.toUpperCase(), port: port(number) };
        const span = member(destination, "range");
        const ports = span.value === undefined ? null : range(span);
        return typeof ports === "string" ? ports : { protocol: protocol.toUpperCase(), port: ports };
      }
      if (text(member(field, "destinationNamedPort"))) return "named ports are not supported";
      return { protocol: "", port: null };
    }),
  );
}

function rules(list: Field, direction: "ingress" | "egress", dialect: Dialect, refused: RefusedAdminRule[]) {
  return listOf(list, (rule) => rule).flatMap((rule): readonly CalicoRule[] => {
    const written = text(member(rule, "action")) ?? "";
    const action = dialect.actions.get(written);
    const peers = listOf(member(rule, direction === "ingress" ? "from" : "to"), (one) =>
      peer(one, direction === "egress"),
    );
    const ports = dialect.ports(rule);
    const name = text(member(rule, "name")) ?? "";
    const wrongPeer = peers.find((one) => typeof one === "string");
    const reason = action === undefined ? `no such action: ${written}` : typeof ports === "string" ? ports : wrongPeer;
    if (action === undefined || typeof ports === "string" || reason !== undefined) {
      refused.push({ path: pathOf(rule), reason: reason ?? "" });
      // what was to keep packets away keeps all of them away
      return action === "Deny" || action === "Pass" ? [{ ...ANY_RULE, action: "Deny", path: pathOf(rule) }] : [];
    }
    return [...ports].flatMap(([protocol, list]) =>
      peers.flatMap((entity): readonly CalicoRule[] => {
        if (typeof entity === "string") return [];
        const ingress = direction === "ingress";
        return [
          {
            ...ANY_RULE,
            action,
            protocol: protocol === "" ? null : protocol,
            source: ingress ? entity : ANY_ENTITY,
            destination: ingress ? { ...ANY_ENTITY, ports: list } : { ...entity, ports: list },
            annotations: name === "" ? [] : [["name", name]],
            path: pathOf(rule),
          },
        ];
      }),
    );
  });
}

const ADMIN_ACTIONS = new Map([
  ["Allow", "Allow"],
  ["Deny", "Deny"],
  ["Pass", "Pass"],
] as const);

const DIALECTS = {
  AdminNetworkPolicy: {
    kind: "GlobalNetworkPolicy",
    prefix: "kanp.adminnetworkpolicy.",
    tier: () => "adminnetworkpolicy",
    order: (spec) => numberField(member(spec, "priority")),
    actions: ADMIN_ACTIONS,
    ports: adminPorts,
  },
  BaselineAdminNetworkPolicy: {
    kind: "GlobalNetworkPolicy",
    prefix: "kbanp.baselineadminnetworkpolicy.",
    tier: () => "baselineadminnetworkpolicy",
    order: () => 1000,
    actions: ADMIN_ACTIONS,
    ports: adminPorts,
  },
  ClusterNetworkPolicy: {
    kind: "KubernetesClusterNetworkPolicy",
    prefix: "",
    tier: (spec) => (text(member(spec, "tier")) === "Baseline" ? "kube-baseline" : "kube-admin"),
    order: (spec) => numberField(member(spec, "priority")),
    actions: new Map([
      ["Accept", "Allow"],
      ["Deny", "Deny"],
      ["Pass", "Pass"],
    ] as const),
    ports: clusterPorts,
  },
} satisfies Readonly<Record<string, Dialect>>;

/**
 * The policy that Calico makes of an AdminNetworkPolicy, BaselineAdminNetworkPolicy or ClusterNetworkPolicy
 * (libcalico-go/lib/backend/k8s/conversion/clusternetworkpolicy.go, and conversion.go of older releases). It is for pods
 * only, and for directions that it has rules for.
 */
export function readAdminPolicy(kind: keyof typeof DIALECTS) {
  const dialect: Dialect = DIALECTS[kind];
  return (resource: Field, origin: Origin): AdminPolicy => {
    const spec = member(resource, "spec");
    const refused: RefusedAdminRule[] = [];
    const subject = selectorsOf(member(spec, "subject"));
    const ingress = rules(at(spec, "ingress"), "ingress", dialect, refused);
    const egress = rules(at(spec, "egress"), "egress", dialect, refused);
    return {
      refused,
      policy: {
        kind: dialect.kind,
        namespace: null,
        name: dialect.prefix + readMetadata(resource, origin).name,
        tier: dialect.tier(spec),
        order: dialect.order(spec),
        selector: subject === null || subject.selector === "" ? podSelectorText(null) : subject.selector,
        namespaceSelector: subject?.namespaceSelector ?? "all()",
        serviceAccountSelector: "",
        types: [
          ...(ingress.length > 0 ? (["Ingress"] as const) : []),
          ...(egress.length > 0 ? (["Egress"] as const) : []),
        ],
        ingress,
        egress,
        doNotTrack: false,
        preDNAT: false,
        applyOnForward: false,
        origin,
      },
    };
  };
}
