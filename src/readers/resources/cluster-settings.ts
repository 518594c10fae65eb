import { addressField, prefixListField } from "../../kubernetes/address-field.ts";
import { type ClusterSettings, NO_CLUSTER_SETTINGS } from "../../kubernetes/cluster-settings.ts";
import { listOf, member, ownValue, text, topField } from "../../kubernetes/field.ts";
import { readKubeProxySettings } from "../../kubernetes/kube-proxy/settings.ts";
import type { Finding } from "../../model/finding.ts";
import type { Origin } from "../../model/origin.ts";
import { parseDocument } from "./parse-document.ts";
import type { Resource } from "./read-resources.ts";

/** Keys of ConfigMaps that hold a configuration as a text. */
const KEYS = ["ClusterConfiguration", "config.conf", "kubelet"];

/**
 * The settings in the ConfigMaps `kubeadm-config`, `kube-proxy` and `kubelet-config` of kube-system, and in the files that kubeadm, kube-proxy and
 * the kubelet are started with (kubeadm.k8s.io ClusterConfiguration, kubeproxy.config.k8s.io KubeProxyConfiguration,
 * kubelet.config.k8s.io KubeletConfiguration). The first of each counts.
 */
export function readClusterSettings(resources: readonly Resource[]): {
  readonly settings: ClusterSettings;
  readonly findings: readonly Finding[];
} {
  let settings = NO_CLUSTER_SETTINGS;
  const findings: Finding[] = [];
  for (const resource of resources) {
    for (const { content, origin, line } of configurationsIn(resource, findings)) {
      const field = topField(content);
      const kind = text(member(field, "kind"));
      if (kind === "ClusterConfiguration" && settings.serviceSubnets.length + settings.podSubnets.length === 0) {
        const networking = member(field, "networking");
        settings = {
          ...settings,
          podSubnets: prefixListField(member(networking, "podSubnet")),
          serviceSubnets: prefixListField(member(networking, "serviceSubnet")),
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
          message: `${kind}: ${problem.path.join(".")} is ${problem.found}.`,
          file: resource.file,
          ...(line === null ? {} : { line }),
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
  readonly line: number | null;
}

function configurationsIn(resource: Resource, findings: Finding[]): readonly FoundConfiguration[] {
  const { kind, name, namespace, origin } = resource.metadata;
  if (kind === "ClusterConfiguration" || kind === "KubeProxyConfiguration" || kind === "KubeletConfiguration") {
    return [{ content: resource.content, origin, line: resource.locate([])?.line ?? null }];
  }
  const isOne =
    kind === "ConfigMap" &&
    namespace === "kube-system" &&
    (name === "kubeadm-config" || name === "kube-proxy" || name === "kubelet-config");
  if (!isOne) return [];
  return KEYS.flatMap((key) => {
    const written = ownValue(ownValue(resource.content, "data"), key);
    if (typeof written !== "string") return [];
    const line = resource.locate(["data", key])?.line ?? null;
    const parsed = parseDocument(written);
    if (parsed.kind === "value") return [{ content: parsed.value, origin, line }];
    findings.push({
      code: "yaml-syntax",
      severity: "error",
      message: `ConfigMap ${namespace}/${name}: ${key} cannot be read as YAML: ${parsed.message}.`,
      file: resource.file,
      ...(line === null ? {} : { line }),
    });
    return [];
  });
}
