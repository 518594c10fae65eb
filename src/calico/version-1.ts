import { isRecord, ownValue } from "../kubernetes/field.ts";

const V3 = "projectcalico.org/v3";

/** Kinds of calicoctl 1 (`apiVersion: v1`, first letter small), and what they are called since 3.0. */
const KINDS: ReadonlyMap<string, string> = new Map([
  ["ipPool", "IPPool"],
  ["node", "Node"],
  ["workloadEndpoint", "WorkloadEndpoint"],
  ["hostEndpoint", "HostEndpoint"],
  ["bgpPeer", "BGPPeer"],
  ["policy", "GlobalNetworkPolicy"],
  ["profile", "Profile"],
]);

/**
 * An object of calicoctl before 3.0 as calicoctl 3 would write it (`calicoctl convert`); any other as it is. There, what names an object
 * stood in its metadata: the CIDR of a pool, the node and workload of an endpoint.
 */
export function fromVersion1(content: unknown): unknown {
  const kind = KINDS.get(String(ownValue(content, "kind")));
  if (kind === undefined || ownValue(content, "apiVersion") !== "v1" || !isRecord(content)) return content;
  const metadata = ownValue(content, "metadata");
  const spec = ownValue(content, "spec");
  const told = (name: string): string => String(ownValue(metadata, name) ?? "");
  const whole = (name: string, fields: unknown, namespace?: string): unknown => ({
    ...content,
    apiVersion: V3,
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), labels: ownValue(metadata, "labels") },
    spec: fields,
  });
  const own = isRecord(spec) ? spec : {};
  switch (kind) {
    case "IPPool": {
      const ipip = ownValue(spec, "ipip");
      const enabled = ownValue(ipip, "enabled") === true;
      const mode = ownValue(ipip, "mode") === "cross-subnet" ? "CrossSubnet" : "Always";
      const cidr = told("cidr");
      return whole(cidr.replace(/[./:]+/g, "-"), {
        cidr,
        ipipMode: enabled ? mode : "Never",
        natOutgoing: ownValue(spec, "nat-outgoing") === true || ownValue(spec, "natOutgoing") === true,
        disabled: ownValue(spec, "disabled") === true,
      });
    }
    case "WorkloadEndpoint": {
      // `default.web-0` is the pod web-0 of namespace default
      const [, namespace = "default", pod = told("workload")] = /^([^.]+)\.(.+)$/.exec(told("workload")) ?? [];
      const node = told("node");
      return whole(
        `${node}-k8s-${pod}-${told("name")}`,
        { ...own, node, pod, endpoint: told("name") || "eth0" },
        namespace,
      );
    }
    case "BGPPeer":
      return whole(`${told("scope") || "peer"}-${told("node")}-${told("peerIP")}`.replace(/[^\w-]+/g, "-"), {
        ...own,
        peerIP: told("peerIP"),
        ...(told("node") === "" ? {} : { node: told("node") }),
      });
    case "HostEndpoint":
      return whole(told("name"), { ...own, node: told("node") });
    default:
      return whole(told("name"), own);
  }
}
