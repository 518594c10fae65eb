import type { FieldPath } from "../../kubernetes/field.ts";
import { NO_ORIGIN, type Origin } from "../../model/origin.ts";
import { felixVariable } from "../calico-node-environment.ts";
import type { Cluster } from "../cluster.ts";
import type { DeclaredNode } from "../declared-node.ts";
import type { PolicyProblem } from "../policy-problem.ts";
import { type FelixBand, isSince } from "./felix-settings.ts";
import { inAmbientMode, nodeSettings } from "./node-settings.ts";
import type { FelixParameters } from "./parameters.ts";
import { unmodelledMode } from "./unmodelled-mode.ts";

const NO_FACTS = { tunnels: undefined, floatingIPs: [], dscp: [] };

/** Where a setting stands: in its FelixConfiguration, or in the environment of calico-node. */
function placeOf({ environment }: Cluster, origin: Origin, name: string): FieldPath {
  if (environment === null || origin !== environment.metadata.origin) return ["spec", name];
  const variable = `felix_${felixVariable(name)}`.toLowerCase();
  return [...environment.places].find(([written]) => written.toLowerCase() === variable)?.[1] ?? [];
}

function ofParameters(parameters: FelixParameters, cluster: Cluster, band: FelixBand): readonly PolicyProblem[] {
  const problems = parameters.refused.map(
    ({ origin, name, found, expected }): PolicyProblem => ({
      code: "felix-setting-refused",
      origin,
      path: placeOf(cluster, origin, name),
      message: `${found} is nothing that Felix takes; the default counts.`,
      expected,
    }),
  );
  const told = (code: PolicyProblem["code"], name: string, message: string): void => {
    const origin = parameters.originOf(name) ?? NO_ORIGIN;
    problems.push({ code, origin, path: origin === NO_ORIGIN ? [] : placeOf(cluster, origin, name), message });
  };
  const deny = "iptablesFilterDenyAction";
  if (parameters.choice(deny, ["DROP", "REJECT"], "DROP") === "REJECT")
    told(
      "felix-cannot-program",
      deny,
      "the kernel takes REJECT in table filter only, and Felix writes it into raw, too.",
    );
  if (inAmbientMode(parameters))
    told(
      "felix-mode-not-modelled",
      "istioAmbientMode",
      "what Istio's ztunnel redirects inside of pods is not modelled: packets are shown on their own ports. Felix's rules that mark connections of the mesh are rendered.",
    );
  const mode = unmodelledMode(parameters, band, cluster.settings.kubeProxy);
  if (mode === null) return problems;
  const name = mode.name === "eBPF" ? "bpfEnabled" : "nftablesMode";
  told("felix-mode-not-modelled", name, `Felix uses ${mode.name}: what it decides is uncertain.`);
  return problems;
}

const BURSTS = /^qos\.projectcalico\.org\/(?:ingress|egress)PacketBurst$/;

/** Annotations that let a pod have more packets at once than its limit, in a release that does not know them. */
function burstingPods(cluster: Cluster, band: FelixBand): readonly PolicyProblem[] {
  if (isSince(band, "v3.31")) return [];
  return [...cluster.pods.values()].flatMap(({ metadata }) =>
    [...metadata.annotations.keys()]
      .filter((key) => BURSTS.test(key))
      .map((key): PolicyProblem => {
        const path = ["metadata", "annotations", key];
        const message = "this release does not read the burst: iptables' default of five packets counts.";
        return { code: "felix-mode-not-modelled", origin: metadata.origin, path, message };
      }),
  );
}

/** What FelixConfigurations say that Felix does not take, that the kernel refuses, or that is not modelled. */
export function settingProblems(
  cluster: Cluster,
  nodes: readonly DeclaredNode[],
  band: FelixBand,
): readonly PolicyProblem[] {
  const { felixConfigurations } = cluster.policy;
  const names = new Set(nodes.map(({ name }) => name));
  const strangers: PolicyProblem[] = [];
  const told = new Map<string, PolicyProblem>();
  // the empty name is no node's: only what is said of all
  const asked = [
    "",
    ...[...felixConfigurations.keys()].flatMap((key) => (key.startsWith("node.") ? [key.slice(5)] : [])),
  ];
  for (const name of asked) {
    const { parameters } = nodeSettings(band, 4, cluster, name, NO_FACTS);
    for (const problem of ofParameters(parameters, cluster, band))
      told.set(`${problem.origin} ${problem.path.join(".")} ${problem.code}`, problem);
    const origin = felixConfigurations.get(`node.${name}`)?.metadata.origin;
    if (origin === undefined || names.has(name)) continue;
    const message = `there is no node ${name}: these settings are nobody's.`;
    strangers.push({ code: "policy-reference-missing", origin, path: ["metadata", "name"], message });
  }
  return [...told.values(), ...strangers, ...burstingPods(cluster, band)];
}
