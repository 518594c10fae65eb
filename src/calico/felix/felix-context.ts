import type { Pod } from "../../kubernetes/pod.ts";
import type { Finding } from "../../model/finding.ts";
import type { IpSet, SetMember } from "../../model/ip-set.ts";
import { NO_ORIGIN, type OriginTable } from "../../model/origin.ts";
import type { RestoreTable } from "../../model/restore-table.ts";
import type { Family } from "../../net/address.ts";
import { type ClassIndex, classIndex } from "../class-index.ts";
import type { Cluster } from "../cluster.ts";
import type { ClusterVersions, DeclaredNode } from "../declared-node.ts";
import { type DeclaredPolicy, declaredPolicy } from "../declared-policy.ts";
import { type LabelledClass, networkSetClass, podClasses } from "../labelled-class.ts";
import { type PolicyIndex, policyIndex, type SelectingPolicy } from "../policy-index.ts";
import { type ServiceEndpoints, serviceEndpoints } from "../service-endpoints.ts";
import type { EndpointTier } from "./endpoint-chain.ts";
import { endpointTiers, type PolicyListKind } from "./endpoint-tiers.ts";
import { felixBand } from "./felix-band.ts";
import type { FelixBand, FelixSettings } from "./felix-settings.ts";
import { ipSetName, type SetDefinition } from "./ip-set-names.ts";
import type { NodeTunnels } from "./node-settings.ts";
import { type Direction, type PolicyChains, policyChains, ruleConverter } from "./policy-chains.ts";
import { restoreTable } from "./restore-chain.ts";
import { setMembers, setType } from "./set-members.ts";
import { staticTables } from "./static-tables.ts";

/** What Felix renders of one set of settings, made once for all nodes that have it. */
export interface Rendering {
  readonly settings: FelixSettings;
  readonly tables: readonly RestoreTable[];
  readonly chains: PolicyChains;
}

/** What is equal on all nodes of a cluster, made once or when the first node needs it. */
export interface FelixContext {
  readonly cluster: Cluster;
  readonly nodes: readonly DeclaredNode[];
  readonly tunnels: ReadonlyMap<string, NodeTunnels>;
  readonly band: FelixBand;
  readonly declared: DeclaredPolicy;
  readonly podsOf: ReadonlyMap<string, readonly (readonly [key: string, pod: Pod])[]>;
  readonly classOf: ReadonlyMap<Pod, LabelledClass>;
  readonly findings: readonly Finding[];
  choosing(endpoints: LabelledClass): readonly SelectingPolicy[];
  /** One object for all endpoints of a class. */
  tiersOf(endpoints: LabelledClass, direction: Direction, kind: PolicyListKind): readonly EndpointTier[];
  readonly convert: ReturnType<typeof ruleConverter>;
  rendering(settings: FelixSettings): Rendering;
  setOf(id: string, definition: SetDefinition, family: Family): IpSet;
}

/** The header of every set of Felix's; 1048576 is MaxIpsetSize. */
export const SET_HEADER = "hashsize 1024 maxelem 1048576";

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

/** A set as Felix makes it. */
export function felixSet(name: string, type: IpSet["type"], family: Family, members: readonly SetMember[]): IpSet {
  return { name, type, family, header: SET_HEADER, members, complete: true, origin: NO_ORIGIN };
}

/** @param plan the addresses of the nodes' tunnels, by node */
export function felixContext(
  cluster: Cluster,
  nodes: readonly DeclaredNode[],
  plan: { readonly tunnels: ReadonlyMap<string, NodeTunnels> },
  versions: ClusterVersions,
  origins: OriginTable,
): FelixContext {
  const band = felixBand(versions.calico) ?? "v3.29";
  const declared = declaredPolicy(cluster);
  const { classes: ofPods, classOf } = podClasses(cluster.pods, declared.profiles);
  const ofSets = [...cluster.policy.networkSets.values()].map((set) =>
    networkSetClass(set.metadata.namespace, set, declared.profiles),
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
  const choosing = once((endpoints: LabelledClass) => {
    policies ??= policyIndex(declared.policies);
    return policies.choosing(endpoints.labels);
  });
  const tiers = new WeakMap<LabelledClass, Map<string, readonly EndpointTier[]>>();
  const convert = ruleConverter(origins);
  const renderings = new Map<string, Rendering>();
  const sets = new Map<string, IpSet>();
  return {
    cluster,
    nodes,
    tunnels: plan.tunnels,
    band,
    declared,
    podsOf,
    classOf,
    findings: [],
    choosing,
    tiersOf: (endpoints, direction, kind) => {
      const known = tiers.get(endpoints) ?? new Map<string, readonly EndpointTier[]>();
      tiers.set(endpoints, known);
      const key = `${direction} ${kind}`;
      const found = known.get(key);
      if (found !== undefined) return found;
      const made = endpointTiers(direction, declared.tiers, choosing(endpoints), kind, band);
      known.set(key, made);
      return made;
    },
    convert,
    rendering: (settings) => {
      const key = JSON.stringify(settings);
      const found = renderings.get(key);
      if (found !== undefined) return found;
      const made = {
        settings,
        tables: staticTables(settings).map(restoreTable),
        chains: policyChains(settings, convert),
      };
      renderings.set(key, made);
      return made;
    },
    setOf: (id, definition, family) => {
      const name = ipSetName(id, family);
      const found = sets.get(name);
      if (found !== undefined) return found;
      classes ??= classIndex([...ofPods, ...ofSets]);
      services ??= serviceEndpoints(cluster);
      const set = felixSet(name, setType(definition), family, setMembers(definition, family, classes, services));
      sets.set(name, set);
      return set;
    },
  };
}
