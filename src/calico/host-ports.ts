import { sha512 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { type ContainerPort, hasFinished, type Pod } from "../kubernetes/pod.ts";
import { NO_ORIGIN, type OriginTable, originOfField } from "../model/origin.ts";
import type { RestoreChain, RestoreHook, RestoreRule, RestoreTable } from "../model/restore-table.ts";
import { type Address, type Family, formatAddress, isUnspecified } from "../net/address.ts";
import { formatProtocol } from "../net/protocol.ts";
import { hostEndName } from "./wiring/host-end.ts";
import type { WorkloadEndpoint } from "./workload-endpoint.ts";

/** What the CNI plugin portmap programs on a node for pods with a `hostPort`. */
export interface HostPorts {
  /** Table nat; none without such a pod. */
  readonly ipv4: readonly RestoreTable[];
  readonly ipv6: readonly RestoreTable[];
  readonly sysctls: ReadonlyMap<string, string>;
}

/** The name of the network in Calico's CNI configuration. */
const NETWORK = "k8s-pod-network";
/** `markMasqBit` 13 */
const MARK = "0x2000/0x2000";
/** iptables takes so many ports in one match, and so long a comment. */
const PORTS_IN_RULE = 15;
const LONGEST_COMMENT = 255;

/**
 * containernetworking/plugins, plugins/meta/portmap/portmap_iptables.go, as Calico's CNI configuration calls it (snat on).
 * Its chains are named after the container's id, which no manifest tells: `namespace/name` of the pod stands for it. Pods
 * are served in the given order.
 *
 * @param endpoints declared WorkloadEndpoints, by `namespace/pod`
 */
export function hostPorts(
  pods: readonly Pod[],
  origins: OriginTable,
  endpoints: ReadonlyMap<string, WorkloadEndpoint>,
): HostPorts {
  const opening = pods.filter(
    (pod) => pod.hostNetwork !== true && !hasFinished(pod) && pod.ports.some(({ hostPort }) => hostPort !== 0),
  );
  const sysctls = new Map<string, string>();
  for (const { metadata, podIPs } of opening) {
    if (!podIPs.some(({ family }) => family === 4)) continue;
    const key = `${metadata.namespace ?? "default"}/${metadata.name}`;
    const device = hostEndName(key, endpoints.get(key));
    sysctls.set(`net.ipv4.conf.${device}.route_localnet`, "1");
  }
  return { ipv4: tablesOf(opening, 4, origins), ipv6: tablesOf(opening, 6, origins), sysctls };
}

function tablesOf(pods: readonly Pod[], family: Family, origins: OriginTable): readonly RestoreTable[] {
  const served = pods.flatMap((pod) => {
    const address = pod.podIPs.find((one) => one.family === family);
    return address === undefined ? [] : [{ pod, address }];
  });
  if (served.length === 0) return [];
  const containers = served.map(({ pod, address }) => {
    const { namespace, name, origin } = pod.metadata;
    const id = `${namespace ?? "default"}/${name}`;
    return containerRules(NETWORK, id, address, pod.ports, originOfField(origins, origin, "spec.containers.ports"));
  });
  const local = "-m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT";
  const masquerade = '-m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ';
  return [
    {
      name: "nat",
      hooks: [
        hook("POSTROUTING", "insert", masquerade),
        hook("PREROUTING", "append", local),
        hook("OUTPUT", "append", local),
      ],
      chains: [
        chain("CNI-HOSTPORT-SETMARK", `-m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark ${MARK}`),
        chain("CNI-HOSTPORT-MASQ", `-m mark --mark ${MARK} -j MASQUERADE`),
        { name: "CNI-HOSTPORT-DNAT", rules: containers.flatMap(({ entries }) => entries) },
        ...containers.map((one) => one.chain),
      ],
    },
  ];
}

function hook(kernelChain: RestoreHook["chain"], mode: RestoreHook["mode"], text: string): RestoreHook {
  return { chain: kernelChain, mode, rules: [{ text, origin: NO_ORIGIN }] };
}

function chain(name: string, text: string): RestoreChain {
  return { name, rules: [{ text, origin: NO_ORIGIN }] };
}

/** The chain of one container, and the rules that lead into it. */
export function containerRules(
  network: string,
  container: string,
  address: Address,
  ports: readonly ContainerPort[],
  origin: number,
): { readonly chain: RestoreChain; readonly entries: readonly RestoreRule[] } {
  const open = ports.filter(({ hostPort }) => hostPort !== 0);
  const name = hostPortChainName(network, container);
  const said = `dnat name: "${network}" id: "${container}"`.slice(0, LONGEST_COMMENT).replaceAll('"', '\\"');
  const byProtocol = new Map<string, number[]>();
  for (const { protocol, hostPort } of open) {
    const key = formatProtocol(protocol);
    byProtocol.set(key, [...(byProtocol.get(key) ?? []), hostPort]);
  }
  const entries = [...byProtocol.keys()].sort().flatMap((protocol) =>
    inParts(byProtocol.get(protocol) ?? []).map(
      (part): RestoreRule => ({
        text: `-m comment --comment "${said}" -m multiport -p ${protocol} --destination-ports ${part.join(",")} -j ${name}`,
        origin,
      }),
    ),
  );
  const texts = open.flatMap((port) => portRules(port, address));
  return { chain: { name, rules: texts.map((text) => ({ text, origin })) }, entries };
}

/** Returning and local connections are masqueraded, then the destination changes. */
function portRules({ protocol, hostPort, hostIP, port }: ContainerPort, address: Address): readonly string[] {
  if (hostIP !== null && hostIP.family !== address.family) return [];
  const pod = formatAddress(address);
  const own = hostIP === null || isUnspecified(hostIP) ? "" : ` -d ${formatAddress(hostIP)}`;
  const base = `-p ${formatProtocol(protocol)} --dport ${hostPort}${own}`;
  return address.family === 6
    ? [`${base} -s ${pod}/128 -j CNI-HOSTPORT-SETMARK`, `${base} -j DNAT --to-destination [${pod}]:${port}`]
    : [
        `${base} -s ${pod}/32 -j CNI-HOSTPORT-SETMARK`,
        `${base} -s 127.0.0.1 -j CNI-HOSTPORT-SETMARK`,
        `${base} -j DNAT --to-destination ${pod}:${port}`,
      ];
}

function inParts(ports: readonly number[]): readonly (readonly number[])[] {
  const parts: number[][] = [];
  for (let i = 0; i < ports.length; i += PORTS_IN_RULE) parts.push(ports.slice(i, i + PORTS_IN_RULE));
  return parts;
}

/** `pkg/utils` MustFormatChainNameWithPrefix: 28 characters with the beginning of a hash. */
export function hostPortChainName(network: string, container: string): string {
  return `CNI-DN-${bytesToHex(sha512(utf8ToBytes(network + container))).slice(0, 21)}`;
}
