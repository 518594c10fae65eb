import { parsePrefix } from "../../net/prefix.ts";
import type { ColumnRow } from "./column-table.ts";
import { cell, listCell, type RowObject, type RowReader } from "./table-rows.ts";

const V3 = "projectcalico.org/v3";
const NO_PREFIX = /^$/;

type Read = RowObject | { readonly problem: string };

function named(row: ColumnRow, content: RowObject["content"]): Read {
  const name = cell(row, "NAME") ?? "";
  return name === "" ? { problem: "no name" } : { namespace: cell(row, "NAMESPACE"), name, content };
}

function calico(fields: Pick<RowReader, "kind" | "columns" | "untold" | "read"> & Partial<RowReader>): RowReader {
  return { apiVersion: V3, namespaced: false, prefix: NO_PREFIX, ...fields };
}

/** What the headings do not hold, of a field for each heading. */
function without(headings: ReadonlySet<string>, fields: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(fields).flatMap(([heading, field]) => (headings.has(heading) ? [] : [field]));
}

/** The members of a record that are not null. */
function told(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

function flag(row: ColumnRow, heading: string): boolean | null {
  const text = cell(row, heading);
  return text === "true" ? true : text === "false" ? false : null;
}

/** `calicoctl get ippool [-o wide]`: NAT, IPIPMODE and others only with `-o wide`; VXLANMODE since 3.9, DISABLEBGPEXPORT since 3.21. */
export const ipPoolRows = calico({
  kind: "IPPool",
  columns: ["NAME", "CIDR"],
  untold: (headings) => [
    "spec.blockSize",
    ...without(headings, {
      NAT: "spec.natOutgoing",
      IPIPMODE: "spec.ipipMode",
      VXLANMODE: "spec.vxlanMode",
      DISABLED: "spec.disabled",
      DISABLEBGPEXPORT: "spec.disableBGPExport",
      SELECTOR: "spec.nodeSelector",
      ASSIGNMENTMODE: "spec.assignmentMode",
    }),
  ],
  read(row) {
    const cidr = cell(row, "CIDR");
    if (cidr === null || parsePrefix(cidr) === null) return { problem: "no CIDR" };
    return named(row, {
      spec: told({
        cidr,
        natOutgoing: flag(row, "NAT"),
        ipipMode: cell(row, "IPIPMODE"),
        vxlanMode: cell(row, "VXLANMODE"),
        disabled: flag(row, "DISABLED"),
        disableBGPExport: flag(row, "DISABLEBGPEXPORT"),
        nodeSelector: cell(row, "SELECTOR"),
        assignmentMode: cell(row, "ASSIGNMENTMODE"),
      }),
    });
  },
});

/** `calicoctl get node -o wide`; an ASN in parentheses is the BGPConfiguration's. */
export const calicoNodeRows = calico({
  kind: "Node",
  columns: ["NAME", "ASN", "IPV4"],
  untold: () => [
    "spec.bgp.ipv4IPIPTunnelAddr",
    "spec.ipv4VXLANTunnelAddr",
    "spec.ipv6VXLANTunnelAddr",
    "metadata.labels",
  ],
  read(row) {
    const asNumber = cell(row, "ASN");
    const bgp = told({
      asNumber: asNumber !== null && /^\d+$/.test(asNumber) ? Number(asNumber) : null,
      ipv4Address: cell(row, "IPV4"),
      ipv6Address: cell(row, "IPV6"),
    });
    return named(row, { spec: { bgp } });
  },
});

/** `calicoctl get workloadendpoint [-A]`; without `-o wide` the name is put together as Calico does. */
export const workloadEndpointRows = calico({
  kind: "WorkloadEndpoint",
  namespaced: true,
  columns: ["WORKLOAD", "NODE", "NETWORKS", "INTERFACE"],
  untold: (headings) => [
    "spec.mac",
    "metadata.labels",
    "spec.ports",
    ...without(headings, { PROFILES: "spec.profiles" }),
  ],
  read(row) {
    // calicoctl before 3.0 wrote `<namespace>.<pod>`, as the name of a workload
    const pod = cell(row, "WORKLOAD");
    const node = cell(row, "NODE");
    if (pod === null || node === null) return { problem: "no workload, or no node" };
    const { items } = listCell(row, "NETWORKS");
    const wrong = items.find((item) => parsePrefix(item) === null);
    if (wrong !== undefined) return { problem: `no network: “${wrong}”` };
    const dashed = (text: string): string => text.replaceAll("-", "--");
    return {
      namespace: cell(row, "NAMESPACE"),
      name: cell(row, "NAME") ?? `${dashed(node)}-k8s-${dashed(pod)}-eth0`,
      content: {
        spec: { node, pod, endpoint: "eth0", interfaceName: cell(row, "INTERFACE") ?? "", ipNetworks: items },
      },
    };
  },
});

/** `calicoctl get bgppeer`: NODE is a node, a selector, or `(global)`; ASN 0 is none. */
export const bgpPeerRows = calico({
  kind: "BGPPeer",
  columns: ["NAME", "PEERIP", "NODE", "ASN"],
  untold: () => [
    "spec.peerSelector",
    "spec.filters",
    "spec.password",
    "spec.keepOriginalNextHop",
    "spec.sourceAddress",
  ],
  read(row) {
    const node = cell(row, "NODE");
    const asn = Number(cell(row, "ASN") ?? "0");
    const isGlobal = node === null || node === "(global)";
    const isName = node !== null && /^[a-z\d]([a-z\d.-]*[a-z\d])?$/.test(node);
    return named(row, {
      spec: told({
        peerIP: cell(row, "PEERIP"),
        node: isGlobal || !isName ? null : node,
        nodeSelector: isGlobal || isName ? null : node,
        asNumber: asn > 0 ? asn : null,
      }),
    });
  },
});

/** `calicoctl get bgpconfiguration`; `-` is what is not set. */
export const bgpConfigurationRows = calico({
  kind: "BGPConfiguration",
  columns: ["NAME", "LOGSEVERITY", "MESHENABLED", "ASNUMBER"],
  untold: () => ["spec.serviceClusterIPs", "spec.serviceExternalIPs", "spec.communities", "spec.listenPort"],
  read(row) {
    const asNumber = cell(row, "ASNUMBER");
    return named(row, {
      spec: told({
        logSeverityScreen: cell(row, "LOGSEVERITY"),
        nodeToNodeMeshEnabled: flag(row, "MESHENABLED"),
        asNumber: asNumber !== null && /^\d+$/.test(asNumber) ? Number(asNumber) : null,
      }),
    });
  },
});

/** `calicoctl get hostendpoint -o wide`. */
export const hostEndpointRows = calico({
  kind: "HostEndpoint",
  columns: ["NAME", "NODE", "INTERFACE", "IPS"],
  untold: () => ["metadata.labels", "spec.ports"],
  read: (row) =>
    named(row, {
      spec: told({
        node: cell(row, "NODE"),
        interfaceName: cell(row, "INTERFACE"),
        expectedIPs: listCell(row, "IPS").items,
        profiles: listCell(row, "PROFILES").items,
      }),
    }),
});

/** `calicoctl get globalnetworkset|networkset -o wide`: NETS is cut after 80 characters. */
export const networkSetRows = calico({
  kind: "GlobalNetworkSet",
  columns: ["NAME", "NETS"],
  untold: () => ["metadata.labels"],
  read(row) {
    const { items, cut } = listCell(row, "NETS");
    return named(row, { spec: { nets: items }, ...(cut ? { cut } : {}) });
  },
});
