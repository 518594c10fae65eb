import { parseAddress } from "../net/address.ts";
import { felixVariable } from "./calico-node-environment.ts";
import type { Cluster } from "./cluster.ts";
import type { PolicyProblem } from "./policy-problem.ts";
import { calicoShape } from "./schema/calico-shapes.ts";

/** Parameters of Felix that no FelixConfiguration has: who it is, where its datastore and Typha are, and help for debugging. */
const NOT_IN_THE_API =
  /^(?:datastoretype|etcd\w+|felixhostname|typha\w+|debugbpfcgroupv2|debugcpuprofilepath|debugpanicafter|debugsimulatedatarace)$/;

/** Whether Felix knows the name, in lower case, that stands behind FELIX_. */
function isParameter(name: string): boolean {
  const shape = calicoShape("FelixConfiguration");
  const fields = shape?.type === "object" ? shape.fields.get("spec")?.shape : undefined;
  if (fields?.type !== "object" || NOT_IN_THE_API.test(name)) return true;
  return [...fields.fields.keys()].some((field) => felixVariable(field).toLowerCase() === name);
}

const OPENSTACK = "Felix renders rules of its own for OpenStack's guests then, which podpath does not.";

/** Why a variable of calico-node does not do here what it does in a cluster; null where it does, or decides about no packet. */
function whyNot(name: string, value: string): string | null {
  const upper = name.toUpperCase();
  if (upper === "CLUSTER_TYPE" || upper === "FELIX_CLUSTERTYPE") return /openstack/i.test(value) ? OPENSTACK : null;
  if (upper === "FELIX_METADATAADDR") return /^(?:none|127\.0\.0\.1)?$/i.test(value) ? null : OPENSTACK;
  if (upper.startsWith("FELIX_"))
    return isParameter(name.slice("FELIX_".length).toLowerCase()) ? null : "Felix has no parameter of that name.";
  switch (name) {
    case "IP":
    case "IP6":
      return parseAddress(value.split("/")[0] ?? "") === null
        ? null
        : "one address for all nodes; addresses are detected instead.";
    case "AS":
      return "the AS number of Calico's Nodes and of the BGPConfiguration counts instead.";
    case "USE_POD_CIDR":
      return /^true$/i.test(value) ? "set host-local with usePodCIDR in the CNI configuration, which counts." : null;
    default:
      return null;
  }
}

/** Variables of calico-node that podpath does not follow, and references of theirs that lead nowhere. */
export function environmentProblems({ environment, ipPools }: Cluster): readonly PolicyProblem[] {
  if (environment === null) return [];
  const hasIPv6 = [...ipPools.values()].some(({ cidr }) => cidr.address.family === 6);
  const looksFor = environment.values.get("IP6") ?? "";
  const problem = (name: string, message: string): PolicyProblem => ({
    code: "environment-not-honoured",
    origin: environment.metadata.origin,
    path: environment.places.get(name) ?? [],
    message: `${name}: ${message}`,
  });
  return [
    ...(hasIPv6 && (looksFor === "" || looksFor === "none")
      ? [
          {
            code: "address-not-looked-for",
            origin: environment.metadata.origin,
            path: environment.places.get("IP6") ?? [],
            message:
              "IP6 is not autodetect: calico/node looks for no IPv6 address of its node, though there is an IPv6 pool.",
          } as const,
        ]
      : []),
    ...[...environment.values].flatMap(([name, value]) => {
      const why = whyNot(name, value);
      return why === null ? [] : [problem(name, why)];
    }),
    ...environment.unresolved
      .filter((name) => /^(?:FELIX_|CALICO_|IP6?(?:_AUTODETECTION_METHOD)?$|NO_DEFAULT_POOLS$)/i.test(name))
      .map((name) => problem(name, "what it is taken from is not among the files; it counts as not set.")),
  ];
}
