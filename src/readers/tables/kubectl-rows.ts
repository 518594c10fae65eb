import { parseAddress } from "../../net/address.ts";
import type { ColumnRow } from "./column-table.ts";
import { cell, listCell, type RowObject, type RowReader } from "./table-rows.ts";

function named(
  row: ColumnRow,
  prefix: RegExp,
  content: RowObject["content"],
): RowObject | { readonly problem: string } {
  const name = (cell(row, "NAME") ?? "").replace(prefix, "");
  return name === "" ? { problem: "no name" } : { namespace: cell(row, "NAMESPACE"), name, content };
}

/** `status.phase` as far as the column STATUS tells it; kubectl puts reasons of containers there, too. */
const PHASES: ReadonlyMap<string, string> = new Map([
  ["Running", "Running"],
  ["Pending", "Pending"],
  ["ContainerCreating", "Pending"],
  ["PodInitializing", "Pending"],
  ["SchedulingGated", "Pending"],
  ["Completed", "Succeeded"],
  ["Succeeded", "Succeeded"],
  ["Failed", "Failed"],
  ["Evicted", "Failed"],
]);

/** `Init:0/1`, `Init:CrashLoopBackOff`: init containers run before the pod does. */
function phaseOf(status: string): string | undefined {
  return status.startsWith("Init:") ? "Pending" : PHASES.get(status);
}

const POD = /^pods?\//;

/** `kubectl get pods -o wide`. */
export const podRows: RowReader = {
  kind: "Pod",
  apiVersion: "v1",
  namespaced: true,
  prefix: POD,
  columns: ["READY", "STATUS", "RESTARTS"],
  untold: (headings) => [
    "spec.hostNetwork",
    "spec.containers",
    "status.podIPs",
    ...(headings.has("LABELS") ? [] : ["metadata.labels"]),
    ...(headings.has("IP") ? [] : ["status.podIP"]),
    ...(headings.has("NODE") ? [] : ["spec.nodeName"]),
  ],
  read(row) {
    const ip = cell(row, "IP");
    const node = cell(row, "NODE");
    if (ip !== null && parseAddress(ip) === null) return { problem: `no address in the column IP: “${ip}”` };
    const shown = cell(row, "STATUS") ?? "";
    const phase = phaseOf(shown);
    return named(row, POD, {
      labels: labelsOf(cell(row, "LABELS")),
      // printed in place of the phase while metadata.deletionTimestamp is set
      ...(shown === "Terminating" ? { terminating: true } : {}),
      spec: node === null ? {} : { nodeName: node },
      status: { ...(phase === undefined ? {} : { phase }), ...(ip === null ? {} : { podIP: ip }) },
    });
  },
};

function labelsOf(text: string | null): Readonly<Record<string, string>> {
  const pairs = (text ?? "").split(",").flatMap((pair) => {
    const at = pair.indexOf("=");
    return at <= 0 ? [] : [[pair.slice(0, at), pair.slice(at + 1)] as const];
  });
  return Object.fromEntries(pairs);
}

const NODE = /^nodes?\//;

/** `kubectl get nodes -o wide`; ROLES since 1.8, INTERNAL-IP since 1.11. */
export const nodeRows: RowReader = {
  kind: "Node",
  apiVersion: "v1",
  namespaced: false,
  prefix: NODE,
  columns: ["STATUS", "VERSION"],
  untold: (headings) => [
    "metadata.annotations",
    "spec.podCIDR",
    ...(headings.has("INTERNAL-IP") ? [] : ["status.addresses"]),
  ],
  read(row) {
    const addresses = (["INTERNAL-IP", "EXTERNAL-IP"] as const).flatMap((heading) => {
      const address = cell(row, heading);
      const type = heading === "INTERNAL-IP" ? "InternalIP" : "ExternalIP";
      return address === null || parseAddress(address) === null ? [] : [{ type, address }];
    });
    return named(row, NODE, { spec: {}, status: { addresses } });
  },
};

const SERVICE = /^(?:svc|services?)\//;

/**
 * `kubectl get services`. EXTERNAL-IP holds spec.externalIPs, of a LoadBalancer its ingresses too, which come first, and of an ExternalName the name; without
 * `-o wide` the addresses of a balancer are cut after 16 characters (getServiceExternalIP(), loadBalancerStatusStringer()).
 */
export const serviceRows: RowReader = {
  kind: "Service",
  apiVersion: "v1",
  namespaced: true,
  prefix: SERVICE,
  columns: ["TYPE", "CLUSTER-IP", "PORT(S)"],
  untold: (headings) => [
    "spec.ports.targetPort",
    "spec.externalTrafficPolicy",
    "spec.clusterIPs",
    ...(headings.has("EXTERNAL-IP") ? [] : ["spec.externalIPs", "status.loadBalancer"]),
    ...(headings.has("SELECTOR") ? [] : ["spec.selector"]),
  ],
  read(row) {
    const clusterIP = cell(row, "CLUSTER-IP");
    if (clusterIP !== null && clusterIP !== "None" && parseAddress(clusterIP) === null) {
      return { problem: `no address in the column CLUSTER-IP: “${clusterIP}”` };
    }
    const ports: Readonly<Record<string, unknown>>[] = [];
    for (const item of listCell(row, "PORT(S)").items) {
      const [, port, nodePort, protocol] = /^(\d+)(?::(\d+))?\/([A-Z]+)$/.exec(item) ?? [];
      if (port === undefined) return { problem: `no port in the column PORT(S): “${item}”` };
      ports.push({ port: Number(port), protocol, ...(nodePort === undefined ? {} : { nodePort: Number(nodePort) }) });
    }
    const type = cell(row, "TYPE") ?? "ClusterIP";
    const { items: external, cut } = listCell(row, "EXTERNAL-IP");
    const isBalanced = type === "LoadBalancer";
    const addresses = external.filter((item) => parseAddress(item) !== null);
    return named(row, SERVICE, {
      ...(cut ? { cut } : {}),
      ...(isBalanced ? { status: { loadBalancer: { ingress: external.map(ingressOf) } } } : {}),
      spec: {
        type,
        ...(isBalanced || addresses.length === 0 ? {} : { externalIPs: addresses }),
        ...(type === "ExternalName" && external[0] !== undefined ? { externalName: external[0] } : {}),
        ...(clusterIP === null ? {} : { clusterIP }),
        ports,
        selector: labelsOf(cell(row, "SELECTOR")),
      },
    });
  },
};

function ingressOf(text: string): Readonly<Record<string, string>> {
  return parseAddress(text) === null ? { hostname: text } : { ip: text };
}

const ENDPOINTS = /^(?:ep|endpoints)\//;

/** `kubectl get endpoints`: `a:80,b:80 + 3 more...` is all it shows of a long one. */
export const endpointsRows: RowReader = {
  kind: "Endpoints",
  apiVersion: "v1",
  namespaced: true,
  prefix: ENDPOINTS,
  columns: ["ENDPOINTS", "AGE"],
  untold: () => ["subsets.addresses.targetRef", "subsets.notReadyAddresses", "subsets.ports.protocol"],
  read(row) {
    const { items, cut } = listCell(row, "ENDPOINTS");
    const subsets: unknown[] = [];
    for (const item of items) {
      const [, bracketed, plain, port] = /^(?:\[([\da-fA-F:.]+)\]|([\d.]+))(?::(\d+))?$/.exec(item) ?? [];
      const ip = bracketed ?? plain;
      if (ip === undefined || parseAddress(ip) === null) return { problem: `no endpoint: “${item}”` };
      subsets.push({ addresses: [{ ip }], ports: port === undefined ? [] : [{ port: Number(port) }] });
    }
    return named(row, ENDPOINTS, { subsets, ...(cut ? { cut } : {}) });
  },
};

const SLICE = /^endpointslices?(?:\.discovery\.k8s\.io)?\//;

/** `kubectl get endpointslices`. */
export const endpointSliceRows: RowReader = {
  kind: "EndpointSlice",
  apiVersion: "discovery.k8s.io/v1",
  namespaced: true,
  prefix: SLICE,
  columns: ["ADDRESSTYPE", "PORTS", "ENDPOINTS"],
  untold: () => ["metadata.labels", "endpoints.targetRef", "endpoints.conditions", "ports.protocol"],
  read(row) {
    const { items, cut } = listCell(row, "ENDPOINTS");
    const addressType = cell(row, "ADDRESSTYPE") ?? "IPv4";
    const wrong = addressType === "FQDN" ? undefined : items.find((item) => parseAddress(item) === null);
    if (wrong !== undefined) return { problem: `no address in the column ENDPOINTS: “${wrong}”` };
    const endpoints = items.map((address) => ({ addresses: [address] }));
    // the protocol of a port is not shown, so that no port can be told
    return named(row, SLICE, { addressType, endpoints, ports: [], ...(cut ? { cut } : {}) });
  },
};
