import { addressField, prefixListField } from "../../kubernetes/address-field.ts";
import { type ClusterSettings, NO_CLUSTER_SETTINGS } from "../../kubernetes/cluster-settings.ts";
import { type FieldPath, formatFieldPath, listOf, member, ownValue, text, topField } from "../../kubernetes/field.ts";
import { readKubeProxySettings } from "../../kubernetes/kube-proxy/settings.ts";
import { nodePortRange } from "../../kubernetes/node-port-range.ts";
import type { Finding } from "../../model/finding.ts";
import type { Origin } from "../../model/origin.ts";
import { locateField, locateKey, type Position } from "./locate-field.ts";
import { parseDocument } from "./parse-document.ts";
import type { Resource } from "./read-resources.ts";
import type { SchemaJudge } from "./schema-judge.ts";

/** Keys of ConfigMaps that hold a configuration as a text. */
const KEYS = ["ClusterConfiguration", "config.conf", "kubelet"];

/**
 * The settings in the ConfigMaps `kubeadm-config`, `kube-proxy` and `kubelet-config` of kube-system, and in the files that kubeadm, kube-proxy and
 * the kubelet are started with (kubeadm.k8s.io ClusterConfiguration, kubeproxy.config.k8s.io KubeProxyConfiguration,
 * kubelet.config.k8s.io KubeletConfiguration). The first of each counts.
 *
 * @param judge what kubeadm and kube-proxy would refuse or pass over; without one nothing is said of that
 */
export function readClusterSettings(
  resources: readonly Resource[],
  judge: SchemaJudge | null,
): {
  readonly settings: ClusterSettings;
  readonly findings: readonly Finding[];
} {
  let settings = NO_CLUSTER_SETTINGS;
  const findings: Finding[] = [];
  for (const resource of resources) {
    for (const { content, origin, locate } of configurationsIn(resource, findings)) {
      const field = topField(content);
      const kind = text(member(field, "kind"));
      const { file } = resource;
      for (const { path, near } of judge?.(text(member(field, "apiVersion")) ?? "", kind ?? "", field) ?? []) {
        findings.push({
          code: "unknown-field",
          severity: near === null ? "warning" : "error",
          message: `${kind}: there is no field ${formatFieldPath(path)}; it has no effect.`,
          file,
          ...(locate(path, "key") ?? {}),
          advice: near === null ? "kubeadm and kube-proxy warn of it and go on without it." : `Did you mean ${near}?`,
        });
      }
      if (kind === "ClusterConfiguration" && settings.serviceSubnets.length + settings.podSubnets.length === 0) {
        const networking = member(field, "networking");
        settings = {
          ...settings,
          podSubnets: prefixListField(member(networking, "podSubnet")),
          serviceSubnets: prefixListField(member(networking, "serviceSubnet")),
          nodePorts: nodePortRange(field) ?? settings.nodePorts,
          dnsDomain: text(member(networking, "dnsDomain"))?.replace(/\.$/, "") || settings.dnsDomain,
        };
      } else if (kind === "KubeletConfiguration") {
        const [clusterDns] = listOf(member(field, "clusterDNS"), addressField);
        settings = {
          ...settings,
          clusterDns: settings.clusterDns ?? clusterDns ?? null,
          dnsDomain: text(member(field, "clusterDomain"))?.replace(/\.$/, "") || settings.dnsDomain,
        };
      } else if (kind === "KubeProxyConfiguration" && settings.kubeProxy === null) {
        settings = { ...settings, kubeProxy: readKubeProxySettings(field, origin) };
      }
      for (const problem of field.problems) {
        findings.push({
          code: "wrong-field",
          severity: "error",
          message: `${kind}: ${formatFieldPath(problem.path)} is ${problem.found}.`,
          file,
          ...(locate(problem.path) ?? {}),
          expected: problem.expected,
          advice: "The field was left out.",
        });
      }
    }
  }
  return { settings, findings };
}

interface FoundConfiguration {
  readonly content: unknown;
  readonly origin: Origin;
  /** Where a value, or its key, stands in the file. */
  readonly locate: (path: FieldPath, part?: "key") => Partial<Position> | null;
}

/** True for objects whose fields are read and judged here, and nowhere else. */
export function isConfiguration(kind: string): boolean {
  return kind === "ClusterConfiguration" || kind === "KubeProxyConfiguration" || kind === "KubeletConfiguration";
}

function configurationsIn(resource: Resource, findings: Finding[]): readonly FoundConfiguration[] {
  const { kind, name, namespace, origin } = resource.metadata;
  if (isConfiguration(kind)) return [{ content: resource.content, origin, locate: resource.locate }];
  const isOne =
    kind === "ConfigMap" &&
    namespace === "kube-system" &&
    (name === "kubeadm-config" || name === "kube-proxy" || name === "kubelet-config");
  if (!isOne) return [];
  return KEYS.flatMap((key) => {
    const written = ownValue(ownValue(resource.content, "data"), key);
    if (typeof written !== "string") return [];
    const place = resource.locate(["data", key]);
    const parsed = parseDocument(written);
    if (parsed.kind === "value") return [{ content: parsed.value, origin, locate: inside(written, place) }];
    findings.push({
      code: "yaml-syntax",
      severity: "error",
      message: `ConfigMap ${namespace}/${name}: ${key} cannot be read as YAML: ${parsed.message}.`,
      file: resource.file,
      ...(place === null ? {} : { line: place.line }),
    });
    return [];
  });
}

/** The lines of fields of a text that is itself the value of a field; of one in quotes, which has no lines of its own, where it begins. */
function inside(written: string, place: Position | null): FoundConfiguration["locate"] {
  return (path, part) => {
    if (place === null) return null;
    // only the content of a block scalar begins a line
    if (place.column !== 1) return { line: place.line };
    const inner = part === "key" ? locateKey(written, path) : locateField(written, path);
    return { line: place.line + (inner?.line ?? 1) - 1 };
  };
}
