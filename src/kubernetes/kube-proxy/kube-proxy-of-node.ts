import type { NftBaseChain } from "../../model/nft-base-chain.ts";
import type { RestoreTable } from "../../model/restore-table.ts";
import type { ListeningSocket } from "../../model/socket.ts";
import type { FamilyPortals, KubeProxyContext } from "./kube-proxy-context.ts";
import { localTraffic } from "./local-traffic.ts";
import { answersOnLocalhost, nodePortJumps, nodePortRanges } from "./node-port-addresses.ts";
import { proxyBaseChains } from "./other-modes.ts";
import { deviceAddresses, nodeAddresses, type ProxiedNode } from "./proxied-node.ts";
import { proxySockets } from "./proxy-sockets.ts";
import { proxySysctls } from "./proxy-sysctls.ts";
import { proxyTables } from "./proxy-tables.ts";

/** What kube-proxy and the kubelet program on a node. */
export interface KubeProxyOfNode {
  readonly ipv4: readonly RestoreTable[];
  readonly ipv6: readonly RestoreTable[];
  /** What stands for a mode that is not modelled: packets to Services have an uncertain fate there. */
  readonly baseChains: readonly NftBaseChain[];
  readonly sysctls: ReadonlyMap<string, string>;
  readonly sockets: readonly ListeningSocket[];
}

const LIBERAL = "net.netfilter.nf_conntrack_tcp_be_liberal";

/**
 * kube-proxy in mode iptables, of Kubernetes 1.26 and newer (`pkg/proxy/iptables/proxier.go`); Services stand in the order of
 * their names. Chains that are equal on other nodes are the same objects there.
 */
export function kubeProxyOfNode(node: ProxiedNode, context: KubeProxyContext): KubeProxyOfNode {
  const { settings } = context;
  const own = nodeAddresses(node, context.nodes.get(node.name));
  const onLocalhost = answersOnLocalhost(settings, nodePortRanges(settings, 4, own));
  const sysctls = proxySysctls(settings.conntrack, settings.mode === "iptables" && onLocalhost);
  const tcpBeLiberal = (sysctls.get(LIBERAL) ?? node.sysctls.get(LIBERAL) ?? "0") !== "0";
  const tables = (portals: FamilyPortals): readonly RestoreTable[] => {
    const { family } = portals;
    const ranges = nodePortRanges(settings, family, own);
    return proxyTables(portals, {
      topology: {
        node: node.name,
        zone: node.labels.get("topology.kubernetes.io/zone") ?? "",
        hintsAlways: context.hintsAlways,
        nodeHints: context.nodeHints,
      },
      nodeIP: own.find((address) => address.family === family) ?? null,
      fixed: { family, masqueradeBit: settings.masqueradeBit, tcpBeLiberal },
      local: localTraffic(settings, family, node.podCIDRs),
      masqueradeAll: settings.masqueradeAll,
      nodePortJumps: nodePortJumps(family, ranges, onLocalhost, deviceAddresses(node, family)),
    });
  };
  const isModelled = settings.mode === "iptables";
  return {
    ipv4: isModelled ? tables(context.ipv4) : [],
    ipv6: isModelled ? tables(context.ipv6) : [],
    baseChains: proxyBaseChains(settings, context.destinations),
    sysctls,
    sockets: proxySockets(context),
  };
}
