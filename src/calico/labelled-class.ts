import { hasFinished, type Pod } from "../kubernetes/pod.ts";
import { hostPrefix } from "../net/prefix.ts";
import type { HostEndpoint } from "./host-endpoint.ts";
import type { LabelledAddresses } from "./labelled-addresses.ts";
import type { NetworkSet } from "./network-set.ts";
import type { Profile } from "./profile.ts";
import type { LabelLookup } from "./selector/matches-selector.ts";

/** Addresses and ports of somebody whose labels stand elsewhere. */
export type UnlabelledAddresses = Omit<LabelledAddresses, "labels">;

/** Holders of addresses that no selector tells apart: same labels, same profiles. */
export interface LabelledClass {
  /** Their own labels and those they inherit. */
  readonly labels: LabelLookup;
  /** Names, in order. */
  readonly profiles: readonly string[];
  readonly pods: Pod[];
  /** Those that are no pods. */
  readonly others: UnlabelledAddresses[];
}

/** A pod that Calico gives an interface: not in the host's network, on a node, with an address, not over. */
export function hasEndpoint(pod: Pod): boolean {
  return pod.hostNetwork !== true && pod.nodeName !== null && pod.podIPs.length > 0 && !hasFinished(pod);
}

/** What rules see of a pod beside its labels. */
export function addressesOfPod(pod: Pod): UnlabelledAddresses {
  return {
    nets: pod.podIPs.map(hostPrefix),
    namedPorts: pod.ports.filter(({ name }) => name !== ""),
    origin: pod.metadata.origin,
  };
}

function classOfOne(
  own: ReadonlyMap<string, string>,
  names: readonly string[],
  profiles: ReadonlyMap<string, Profile>,
  holder: UnlabelledAddresses,
): LabelledClass {
  const inherited = names.flatMap((name) => profiles.get(name) ?? []);
  const labels = (label: string): string | undefined =>
    own.get(label) ?? inherited.find((profile) => profile.labelsToApply.has(label))?.labelsToApply.get(label);
  return { labels, profiles: names, pods: [], others: [holder] };
}

/** A network set's class: its namespace's labels are its own, too (updateprocessors/networksetprocessor.go). */
export function networkSetClass(set: NetworkSet, profiles: ReadonlyMap<string, Profile>): LabelledClass {
  const { namespace, metadata, nets } = set;
  const own = new Map(metadata.labels);
  if (namespace !== null) own.set("projectcalico.org/namespace", namespace);
  const holder = { nets, namedPorts: [], origin: metadata.origin };
  return classOfOne(own, namespace === null ? [] : [`kns.${namespace}`], profiles, holder);
}

/** A host endpoint's class; selectors find its expected addresses. */
export function hostEndpointClass(endpoint: HostEndpoint, profiles: ReadonlyMap<string, Profile>): LabelledClass {
  const { metadata, expectedIPs, ports } = endpoint;
  const holder = { nets: expectedIPs.map(hostPrefix), namedPorts: ports, origin: metadata.origin };
  return classOfOne(metadata.labels, endpoint.profiles, profiles, holder);
}

/** Labels of a namespace's and service account's pods, shared by all of them. */
interface Scope {
  readonly system: ReadonlyMap<string, string>;
  readonly inherited: ReadonlyMap<string, string>;
  readonly profiles: readonly string[];
  /** By the object of labels: pods of one template share it. */
  readonly classes: Map<ReadonlyMap<string, string>, LabelledClass>;
}

const LONGEST_LABEL_VALUE = 63;

function scopeOf(namespace: string, account: string, profiles: ReadonlyMap<string, Profile>): Scope {
  const system = new Map([
    ["projectcalico.org/namespace", namespace],
    ["projectcalico.org/orchestrator", "k8s"],
  ]);
  if (account.length <= LONGEST_LABEL_VALUE) system.set("projectcalico.org/serviceaccount", account);
  const names = [`kns.${namespace}`, `ksa.${namespace}.${account}`];
  const inherited = new Map<string, string>();
  for (const name of names) {
    for (const [key, value] of profiles.get(name)?.labelsToApply ?? [])
      if (!inherited.has(key)) inherited.set(key, value);
  }
  return { system, inherited, profiles: names, classes: new Map() };
}

function classOfLabels(own: ReadonlyMap<string, string>, { system, inherited, profiles }: Scope): LabelledClass {
  const labels = (label: string): string | undefined => system.get(label) ?? own.get(label) ?? inherited.get(label);
  return { labels, profiles, pods: [], others: [] };
}

/**
 * Sorts pods into classes (libcalico-go/lib/backend/k8s/conversion/workload_endpoint_default.go says which labels they
 * have). There are as many classes as there are different templates, so that selectors need not look at every pod.
 */
export function podClasses(
  pods: ReadonlyMap<string, Pod>,
  profiles: ReadonlyMap<string, Profile>,
): { readonly classes: readonly LabelledClass[]; readonly classOf: ReadonlyMap<Pod, LabelledClass> } {
  const scopes = new Map<string, Scope>();
  const classes = new Map<string, LabelledClass>();
  const classOf = new Map<Pod, LabelledClass>();
  for (const [key, pod] of pods) {
    if (!hasEndpoint(pod)) continue;
    const namespace = key.slice(0, key.indexOf("/"));
    const place = `${namespace}/${pod.serviceAccount}`;
    let scope = scopes.get(place);
    if (scope === undefined) {
      scope = scopeOf(namespace, pod.serviceAccount, profiles);
      scopes.set(place, scope);
    }
    const own = pod.metadata.labels;
    let found = scope.classes.get(own);
    if (found === undefined) {
      let identity = place;
      for (const [label, value] of own) identity += `\n${label}=${value}`;
      found = classes.get(identity) ?? classOfLabels(own, scope);
      classes.set(identity, found);
      scope.classes.set(own, found);
    }
    found.pods.push(pod);
    classOf.set(pod, found);
  }
  return { classes: [...classes.values()], classOf };
}
