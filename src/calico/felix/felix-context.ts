import type { Pod } from "../../kubernetes/pod.ts";
import type { TunnelAddresses } from "../../kubernetes/tunnel-addresses.ts";
import type { IpSet, SetMember } from "../../model/ip-set.ts";
import type { Likeness } from "../../model/likeness.ts";
import { findMembersBy } from "../../model/members-at.ts";
import { NO_ORIGIN, type OriginTable, originOfField } from "../../model/origin.ts";
import type { RestoreTable } from "../../model/restore-table.ts";
import { type Family, formatAddress } from "../../net/address.ts";
import { autoHostEndpoints } from "../auto-host-endpoints.ts";
import { type ClassIndex, classIndex } from "../class-index.ts";
import type { Cluster } from "../cluster.ts";
import type { ClusterVersions, DeclaredNode } from "../declared-node.ts";
import { type DeclaredPolicy, declaredPolicy } from "../declared-policy.ts";
import type { HostEndpoint } from "../host-endpoint.ts";
import { hostEndpointClass, type LabelledClass, networkSetClass, podClasses } from "../labelled-class.ts";
import type { CalicoPolicy } from "../network-policy.ts";
import { type PolicyIndex, policyIndex, type SelectingPolicy } from "../policy-index.ts";
import { type ServiceEndpoints, serviceEndpoints } from "../service-endpoints.ts";
import { endpointsOf } from "../wiring/host-end.ts";
import type { WorkloadEndpoint } from "../workload-endpoint.ts";
import { type ClassChains, classChains } from "./class-chains.ts";
import type { EndpointTier } from "./endpoint-chain.ts";
import { endpointTiers, type PolicyListKind, policyTieBreak } from "./endpoint-tiers.ts";
import { felixBand } from "./felix-band.ts";
import { type FelixBand, type FelixSettings, isSince } from "./felix-settings.ts";
import { type HostChains, hostChains } from "./host-chains.ts";
import { ipSetName, type SetDefinition } from "./ip-set-names.ts";
import { memberFinder } from "./member-finder.ts";
import { felixParameters } from "./parameters.ts";
import { type Direction, type PolicyChains, policyChains, ruleConverter } from "./policy-chains.ts";
import { restoreTable } from "./restore-chain.ts";
import { memberNet, setMembers, setType, withoutContained } from "./set-members.ts";
import { staticTables } from "./static-tables.ts";

/** What Felix renders of one set of settings, made once for all nodes that have it. */
export interface Rendering {
  readonly settings: FelixSettings;
  readonly tables: readonly RestoreTable[];
  readonly chains: PolicyChains;
  ofClass(endpoints: LabelledClass): ClassChains;
  /** One object for the chains of all workloads of a class that are told apart by nothing but their names. */
  likenessOf(endpoints: LabelledClass, others: string): Likeness;
  /** The chains of all nodes without host endpoints. */
  withoutHostEndpoints(): HostChains;
  /** The table of all nodes whose endpoints add nothing of their own to it. */
  usual(table: RestoreTable, make: () => RestoreTable): RestoreTable;
}

/** A host endpoint with what selectors see of it. */
export interface EndpointOfHost {
  readonly declared: HostEndpoint;
  readonly labelled: LabelledClass;
}

/** What is equal on all nodes of a cluster, made once or when the first node needs it. */
export interface FelixContext {
  readonly cluster: Cluster;
  readonly nodes: readonly DeclaredNode[];
  readonly tunnels: ReadonlyMap<string, TunnelAddresses>;
  readonly band: FelixBand;
  readonly origins: OriginTable;
  readonly declared: DeclaredPolicy;
  readonly podsOf: ReadonlyMap<string, readonly (readonly [key: string, pod: Pod])[]>;
  readonly classOf: ReadonlyMap<Pod, LabelledClass>;
  /** Of pods, by `namespace/name`. */
  readonly workloadEndpoints: ReadonlyMap<string, WorkloadEndpoint>;
  /** Declared and automatic ones, by node. */
  hostEndpointsOf(node: string): readonly EndpointOfHost[];
  choosing(endpoints: LabelledClass): readonly SelectingPolicy[];
  /** One object for all endpoints of a class. */
  tiersOf(endpoints: LabelledClass, direction: Direction, kind: PolicyListKind): readonly EndpointTier[];
  readonly convert: ReturnType<typeof ruleConverter>;
  rendering(settings: FelixSettings): Rendering;
  setOf(id: string, definition: SetDefinition, family: Family): IpSet;
  /** A set that is equal on all nodes. */
  sharedSet(name: string, make: () => IpSet): IpSet;
  /** The members of a list by the address that they begin with; made once for each list. */
  membersAt(members: readonly SetMember[]): ReadonlyMap<string, readonly SetMember[]>;
  /** Options of every set, with MaxIpsetSize. */
  readonly setHeader: string;
}

function lazily<Value>(make: () => Value): () => Value {
  const known = once((_: null) => make());
  return () => known(null);
}

function once<Key, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const made = new Map<Key, Value>();
  return (key) => {
    const found = made.get(key);
    if (found !== undefined) return found;
    const value = make(key);
    made.set(key, value);
    return value;
  };
}

function membersByAddress(members: readonly SetMember[]): ReadonlyMap<string, readonly SetMember[]> {
  const byAddress = new Map<string, SetMember[]>();
  for (const member of members) {
    const address = formatAddress(memberNet(member).address);
    byAddress.set(address, [...(byAddress.get(address) ?? []), member]);
  }
  return byAddress;
}

/** The field of the resource that says which endpoints a policy is for. */
function choosingField({ kind, name }: CalicoPolicy): string {
  if (kind === "KubernetesNetworkPolicy") return "spec.podSelector";
  const isAdmin = kind === "KubernetesClusterNetworkPolicy" || /^kb?anp\./.test(name);
  return isAdmin ? "spec.subject" : "spec.selector";
}

function endpointsOfHosts(
  cluster: Cluster,
  nodes: readonly DeclaredNode[],
  tunnels: ReadonlyMap<string, TunnelAddresses>,
  { profiles }: DeclaredPolicy,
): ReadonlyMap<string, readonly EndpointOfHost[]> {
  const { hostEndpoints, kubeControllersConfigurations } = cluster.policy;
  const byNode = new Map<string, EndpointOfHost[]>();
  const add = (declared: HostEndpoint): void => {
    const same = byNode.get(declared.node) ?? [];
    byNode.set(declared.node, same);
    same.push({ declared, labelled: hostEndpointClass(declared, profiles) });
  };
  for (const endpoint of hostEndpoints.values()) add(endpoint);
  const configuration = kubeControllersConfigurations.get("default");
  if (configuration === undefined) return byNode;
  for (const node of nodes) {
    // what a file declares is what the controller has made
    for (const made of autoHostEndpoints(node, configuration, tunnels.get(node.name), cluster))
      if (!hostEndpoints.has(made.metadata.name)) add(made);
  }
  return byNode;
}

/** @param plan the addresses of the nodes' tunnels, by node */
export function felixContext(
  cluster: Cluster,
  nodes: readonly DeclaredNode[],
  plan: { readonly tunnels: ReadonlyMap<string, TunnelAddresses> },
  versions: ClusterVersions,
  origins: OriginTable,
): FelixContext {
  const band = felixBand(versions.calico) ?? "v3.29";
  const declared = declaredPolicy(cluster, band);
  const { classes: ofPods, classOf } = podClasses(cluster.pods, declared.profiles);
  const { networkSets, globalNetworkSets } = cluster.policy;
  const ofSets = [...networkSets.values(), ...globalNetworkSets.values()].map((set) =>
    networkSetClass(set, declared.profiles),
  );
  const podsOf = new Map<string, [string, Pod][]>();
  for (const [key, pod] of cluster.pods) {
    if (pod.nodeName === null || !classOf.has(pod)) continue;
    const same = podsOf.get(pod.nodeName);
    if (same === undefined) podsOf.set(pod.nodeName, [[key, pod]]);
    else same.push([key, pod]);
  }
  let classes: ClassIndex | null = null;
  let policies: PolicyIndex | null = null;
  let services: ServiceEndpoints | null = null;
  let byNode: ReadonlyMap<string, readonly EndpointOfHost[]> | null = null;
  const hostEndpoints = (): ReadonlyMap<string, readonly EndpointOfHost[]> => {
    byNode ??= endpointsOfHosts(cluster, nodes, plan.tunnels, declared);
    return byNode;
  };
  const choosing = once((endpoints: LabelledClass) => {
    policies ??= policyIndex(declared.policies, (policy) => policyTieBreak(policy, band));
    return policies.choosing(endpoints.labels);
  });
  const choiceOrigin = once((policy: CalicoPolicy) => originOfField(origins, policy.origin, choosingField(policy)));
  const tiers = new WeakMap<LabelledClass, Map<string, readonly EndpointTier[]>>();
  const convert = ruleConverter(origins);
  const renderings = new Map<string, Rendering>();
  const sets = new Map<string, IpSet>();
  const sharedSet: FelixContext["sharedSet"] = (name, make) => {
    const found = sets.get(name);
    if (found !== undefined) return found;
    const set = make();
    sets.set(name, set);
    return set;
  };
  const parameters = felixParameters(cluster.policy.felixConfigurations, "");
  const maxelem = parameters.number("maxIpsetSize", 1, 0x7fffffff, 1_048_576);
  const setHeader = `hashsize 1024 maxelem ${maxelem}`;
  const newer = isSince(band, "v3.32");
  const mode = parameters.choice("nftablesMode", ["Auto", "Disabled", "Enabled"], newer ? "Auto" : "Disabled");
  // what is inside another network of the set is left out where the members might become an nft set
  const suppresses = newer && mode !== "Disabled";
  const classesOfHosts = (): readonly LabelledClass[] =>
    [...hostEndpoints().values()].flat().map(({ labelled }) => labelled);
  const besidePods = lazily(() => classIndex([...ofSets, ...classesOfHosts()]));
  const finderOf = memberFinder(classOf, besidePods);
  const membersOf = (definition: SetDefinition, family: Family): readonly SetMember[] => {
    classes ??= classIndex([...ofPods, ...ofSets, ...classesOfHosts()]);
    services ??= serviceEndpoints(cluster);
    const all = setMembers(definition, family, classes, services);
    return suppresses && definition.kind === "selector" ? withoutContained(all) : all;
  };
  const context: FelixContext = {
    cluster,
    nodes,
    tunnels: plan.tunnels,
    band,
    origins,
    declared,
    podsOf,
    workloadEndpoints: endpointsOf(cluster),
    classOf,
    hostEndpointsOf: (node) => hostEndpoints().get(node) ?? [],
    choosing,
    tiersOf: (endpoints, direction, kind) => {
      const known = tiers.get(endpoints) ?? new Map<string, readonly EndpointTier[]>();
      tiers.set(endpoints, known);
      const key = `${direction} ${kind}`;
      const found = known.get(key);
      if (found !== undefined) return found;
      const made = endpointTiers(direction, declared.tiers, choosing(endpoints), kind, band, choiceOrigin);
      known.set(key, made);
      return made;
    },
    convert,
    rendering: (settings) => {
      const key = JSON.stringify(settings);
      const found = renderings.get(key);
      if (found !== undefined) return found;
      const chains = policyChains(settings, convert);
      const usual = new Map<RestoreTable, RestoreTable>();
      const likenesses = once((_: LabelledClass) => once((_others: string): Likeness => ({})));
      const made: Rendering = {
        settings,
        tables: staticTables(settings).map(restoreTable),
        chains,
        ofClass: once((endpoints: LabelledClass) => classChains(endpoints, context, chains)),
        likenessOf: (endpoints, others) => likenesses(endpoints)(others),
        withoutHostEndpoints: lazily(() => hostChains([], context, settings)),
        usual: (table, make) => {
          const found = usual.get(table) ?? make();
          usual.set(table, found);
          return found;
        },
      };
      renderings.set(key, made);
      return made;
    },
    setHeader,
    sharedSet,
    membersAt: once(membersByAddress),
    setOf: (id, definition, family) => {
      const name = ipSetName(id, family);
      return sharedSet(name, () => {
        // most sets of a node no packet ever asks
        const members = lazily(() => membersOf(definition, family));
        const type = setType(definition);
        const set: IpSet = {
          name,
          type,
          family,
          header: setHeader,
          complete: true,
          origin: NO_ORIGIN,
          get members() {
            return members();
          },
        };
        const find = finderOf(definition, family);
        if (find !== null) findMembersBy(set, find);
        return set;
      });
    },
  };
  return context;
}
