import { prefixField } from "../kubernetes/address-field.ts";
import { at, elements, type FieldPath, member, ownValue, pathOf, text, topField } from "../kubernetes/field.ts";
import type { Metadata } from "../kubernetes/metadata.ts";
import type { Prefix } from "../net/prefix.ts";
import type { OtherResource } from "./cluster.ts";
import type { FelixConfiguration } from "./felix-configuration.ts";
import { blockSize, type EncapsulationMode, type IPPool } from "./ip-pool.ts";
import { calicoShape } from "./schema/calico-shapes.ts";

/** The environment of the container calico-node: what decides before the datastore does. */
export interface CalicoNodeEnvironment {
  /** Of the DaemonSet. */
  readonly metadata: Metadata;
  /** Those of a mounted `felix.cfg` are there as `FELIX_…`, where no variable says otherwise. */
  readonly values: ReadonlyMap<string, string>;
  /** Where a variable stands in the DaemonSet. */
  readonly places: ReadonlyMap<string, FieldPath>;
  /** Variables taken from a ConfigMap or Secret that is not among the objects. */
  readonly unresolved: readonly string[];
}

const NAMESPACES = ["kube-system", "calico-system"];

/**
 * The variables of the DaemonSet calico-node, with those that a ConfigMap among the objects holds. What a Secret or a field of the pod holds is
 * left out.
 */
export function calicoNodeEnvironment(objects: readonly OtherResource[]): CalicoNodeEnvironment | null {
  const found = objects.find(
    ({ metadata: { kind, name, namespace } }) =>
      kind === "DaemonSet" && name === "calico-node" && NAMESPACES.includes(namespace ?? "default"),
  );
  if (found === undefined) return null;
  const { metadata, content } = found;
  const container = elements(at(topField(content), "spec", "template", "spec", "containers")).find(
    (one) => text(member(one, "name")) === "calico-node",
  );
  if (container === undefined) return null;
  const values = new Map<string, string>();
  const places = new Map<string, FieldPath>();
  const unresolved: string[] = [];
  for (const variable of elements(member(container, "env"))) {
    const name = text(member(variable, "name"));
    const reference = at(variable, "valueFrom", "configMapKeyRef");
    if (name !== null) places.set(name, pathOf(variable));
    const value =
      text(member(variable, "value")) ??
      fromConfigMap(objects, metadata, text(member(reference, "name")), text(member(reference, "key")));
    if (name !== null && value !== null) values.set(name, value);
    const isElsewhere = reference.value !== undefined || at(variable, "valueFrom", "secretKeyRef").value !== undefined;
    if (name !== null && value === null && isElsewhere) unresolved.push(name);
  }
  const known = new Set([...values.keys()].map((name) => name.toUpperCase()));
  const volumes = elements(at(topField(content), "spec", "template", "spec", "volumes"));
  for (const volume of volumes) {
    const name = text(at(volume, "configMap", "name"));
    for (const [key, value] of felixFile(fromConfigMap(objects, metadata, name, "felix.cfg") ?? "")) {
      const variable = `FELIX_${key.toUpperCase()}`;
      if (known.has(variable)) continue;
      values.set(variable, value);
      places.set(variable, pathOf(volume));
    }
  }
  return { metadata, values, places, unresolved };
}

/** Lines `Name = value` of section `[global]` of /etc/calico/felix.cfg (felix/config/file_params.go). */
function* felixFile(text: string): Iterable<readonly [string, string]> {
  let isGlobal = false;
  for (const line of text.split(/\r?\n/)) {
    const section = /^\s*\[([^\]]*)\]/.exec(line);
    if (section !== null) isGlobal = section[1]?.trim().toLowerCase() === "global";
    const [, name, value] = /^\s*([A-Za-z0-9]+)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (isGlobal && name !== undefined && value !== undefined) yield [name, value];
  }
}

function fromConfigMap(
  objects: readonly OtherResource[],
  { namespace }: Metadata,
  name: string | null,
  key: string | null,
): string | null {
  if (name === null || key === null) return null;
  const map = objects.find(
    ({ metadata }) => metadata.kind === "ConfigMap" && metadata.name === name && metadata.namespace === namespace,
  );
  const value = ownValue(ownValue(map?.content, "data"), key);
  return typeof value === "string" ? value : null;
}

/** Variables of Felix whose names are not those of the fields of FelixConfiguration (felix/docs/config-params.json). */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ["ipipEnabled", "IpInIpEnabled"],
  ["ipipMTU", "IpInIpMtu"],
  ["bpfConntrackMode", "BPFConntrackCleanupMode"],
  ["externalNodesList", "ExternalNodesCIDRList"],
  ["wireguardKeepAlive", "WireguardPersistentKeepAlive"],
]);

/** The name of a field of FelixConfiguration as a variable has it behind `FELIX_`, in any case. */
export function felixVariable(field: string): string {
  return OTHER_NAMES.get(field) ?? field;
}

/** The key under which the environment stands beside FelixConfigurations: no object can have that name. */
export const FELIX_ENVIRONMENT = "environment of calico-node";

/** `tcp:22`, `tcp:10.0.0.0/8:22` or a port alone (felix/config/param_types.go, PortListParam). */
function failsafePorts(value: string): unknown {
  return value
    .split(",")
    .filter((one) => one.trim() !== "")
    .map((one) => {
      const [, protocol = "tcp", net, port = ""] = /^(?:([a-z]+):)?(?:(.+):)?(\d+)$/i.exec(one.trim()) ?? [];
      return { protocol, port: Number(port), ...(net === undefined ? {} : { net: net.replace(/^\[|\]$/g, "") }) };
    });
}

/** What the environment says of Felix, by the fields of FelixConfiguration. The case of a variable's name does not count. */
export function felixOfEnvironment({ metadata, values }: CalicoNodeEnvironment): FelixConfiguration {
  const told = new Map<string, string>();
  for (const [name, value] of values) {
    if (/^FELIX_/i.test(name) && value !== "") told.set(name.slice("FELIX_".length).toLowerCase(), value);
  }
  const spec = new Map<string, unknown>();
  const shape = calicoShape("FelixConfiguration");
  const fields = shape?.type === "object" ? shape.fields.get("spec")?.shape : undefined;
  if (told.size === 0 || fields?.type !== "object") return { metadata, spec };
  for (const [field, { shape: of }] of fields.fields) {
    const value = told.get(felixVariable(field).toLowerCase());
    if (value === undefined) continue;
    const none = value.toLowerCase() === "none";
    if (of.type === "boolean") spec.set(field, /^(?:true|1|yes|y|t)$/i.test(value));
    else if (of.type === "integer") spec.set(field, Number(value));
    else if (of.type === "list" && /^failsafe/.test(field)) spec.set(field, none ? [] : failsafePorts(value));
    else if (of.type === "list") spec.set(field, none ? [] : value.split(",").map((one) => one.trim()));
    else if (!none) spec.set(field, value);
  }
  return { metadata, spec };
}

const MODES: ReadonlyMap<string, EncapsulationMode> = new Map([
  ["always", "Always"],
  ["crosssubnet", "CrossSubnet"],
  ["cross-subnet", "CrossSubnet"],
]);

/**
 * The pools that calico/node makes at its start where there are none of the family (node/pkg/lifecycle/startup/startup.go,
 * configureIPPools): CALICO_IPV4POOL_CIDR, else kubeadm's networks, else the usual one. The IPv6 pool that it draws by chance is left out:
 * no pod takes an address of it unless something says so.
 */
export function poolsOfEnvironment(
  { metadata, values }: CalicoNodeEnvironment,
  podSubnets: readonly Prefix[],
  usual: Prefix,
): readonly IPPool[] {
  if (values.get("NO_DEFAULT_POOLS")?.toLowerCase() === "true") return [];
  return ([4, 6] as const).flatMap((family) => {
    const variable = (name: string): string => values.get(`CALICO_IPV${family}POOL_${name}`) ?? "";
    const flag = (name: string, fallback: boolean): boolean =>
      variable(name) === "" ? fallback : /^(?:true|1|yes|y|t)$/i.test(variable(name));
    if (variable("CIDR") === "none") return [];
    const written = prefixField(topField(variable("CIDR")));
    const ofKubeadm = podSubnets.find(({ address }) => address.family === family);
    const cidr = written ?? ofKubeadm ?? (family === 4 ? usual : null);
    if (cidr === null || cidr.address.family !== family) return [];
    const size = variable("BLOCK_SIZE");
    const pool: IPPool = {
      metadata: {
        ...metadata,
        kind: "IPPool",
        apiVersion: "projectcalico.org/v3",
        namespace: null,
        name: `default-ipv${family}-ippool`,
      },
      cidr,
      ipipMode: family === 4 ? (MODES.get(variable("IPIP").toLowerCase()) ?? "Never") : "Never",
      vxlanMode: MODES.get(variable("VXLAN").toLowerCase()) ?? "Never",
      natOutgoing: flag("NAT_OUTGOING", family === 4),
      disabled: false,
      disableBGPExport: flag("DISABLE_BGP_EXPORT", false),
      blockSize: blockSize(topField(size === "" ? undefined : Number(size)), cidr),
      nodeSelector: variable("NODE_SELECTOR") || "all()",
      namespaceSelector: "",
      allowedUses: ["Workload", "Tunnel"],
      assignmentMode: "Automatic",
    };
    return [pool];
  });
}
