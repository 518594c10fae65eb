import { addressOf, type BgpNode } from "./bgp-node.ts";
import type { BirdContext } from "./bird-context.ts";
import {
  bgpTemplate,
  communityFunction,
  debugLines,
  deviceProtocol,
  directInterfaces,
  EXPORT_COMMENT,
  FILTERS_COMMENT,
  includeLines,
  KERNEL_COMMENT,
  KERNEL_LEARNING,
  KERNEL_PROGRAMMING,
  listenLine,
  logLevel,
  routerIdOf,
  SOURCE_COMMENT,
} from "./bird-head.ts";
import { asNumberOf, type BirdPeer, peersOf } from "./bird-peer.ts";
import { filterCalls, filterFunctions, LARGEST_PREFERENCE } from "./filter-functions.ts";
import { normalRoutePriority } from "./route-priority.ts";

/** bird.cfg or bird6.cfg as v3.32 and newer write it (confd/pkg/backends/calico/bgp_processor.go). */
export function flatBirdFile(node: BgpNode, family: 4 | 6, context: BirdContext): readonly string[] {
  const debug = debugLines(node, context);
  const listen = listenLine(node, family, context);
  return [
    ...communityFunction(node, family, context),
    "",
    "template kernel kernel_template {",
    ...KERNEL_LEARNING,
    "}",
    "",
    "template direct direct_template {",
    ...debug,
    ...directInterfaces(context),
    "}",
    "",
    ...includeLines(family),
    "",
    `router id ${routerIdOf(node, context)};`,
    ...(listen === null ? [] : ["# BGP listen configuration", listen]),
    "",
    KERNEL_COMMENT,
    "protocol kernel from kernel_template {",
    ...KERNEL_PROGRAMMING,
    "}",
    "",
    ...deviceProtocol(debug),
    "",
    "protocol direct from direct_template {",
    "}",
    "",
    ...(addressOf(node, family) === null
      ? [`# IPv${family} disabled on this node.`]
      : sessionLines(node, family, context)),
  ];
}

function sessionLines(node: BgpNode, family: 4 | 6, context: BirdContext): readonly string[] {
  const peers = peersOf(node, family, context);
  const priority = normalRoutePriority(family, context);
  return [
    "",
    ...bgpTemplate(peerDebugLines(node, context), asNumberOf(node, context)),
    "",
    FILTERS_COMMENT,
    ...filterFunctions([...context.filters.values()], family),
    ...(peers.length === 0
      ? ["# No BGP peers configured for this node"]
      : ["# BGP Protocol Configurations", ...peers.flatMap((peer) => [...peerLines(peer, family, priority), ""])]),
  ];
}

function peerDebugLines(node: BgpNode, context: BirdContext): readonly string[] {
  return logLevel(node, context) === "info"
    ? ["  debug { states, routes, filters, events };"]
    : debugLines(node, context);
}

function peerLines(peer: BirdPeer, family: 4 | 6, priority: number): readonly string[] {
  const port = peer.port === null ? "" : ` port ${peer.port}`;
  return [
    `protocol bgp ${peer.name} from bgp_template {`,
    ...(peer.localASNumber === null ? [] : [`  local as ${peer.localASNumber};`]),
    `  neighbor ${peer.neighbor}${port} as ${peer.asNumber};`,
    ...(peer.sourceAddress === null ? [] : [`  source address ${peer.sourceAddress};${SOURCE_COMMENT}`]),
    ...(peer.ttlSecurity === null
      ? ["  ttl security off;", "  multihop;"]
      : ["  ttl security on;", `  multihop ${peer.ttlSecurity};`]),
    "  import filter {",
    ...filterCalls(peer.filters, "import", family, peer.isSameAS).map((call) => `    ${call}`),
    `    if (defined(bgp_local_pref)&&(bgp_local_pref > ${LARGEST_PREFERENCE - priority})) then`,
    "      preference = 200;",
    "    accept;",
    "  };",
    "  export filter {",
    "    if (defined(source) && source = RTS_BGP && defined(bgp_local_pref)) then {",
    `      krt_metric = ${LARGEST_PREFERENCE} - bgp_local_pref;`,
    "    } else {",
    `      if (!defined(krt_metric)) then { krt_metric = ${priority}; }`,
    `      bgp_local_pref = ${LARGEST_PREFERENCE} - krt_metric;`,
    "    }",
    ...filterCalls(peer.filters, "export", family, peer.isSameAS).map((call) => `    ${call}`),
    `    calico_export_to_bgp_peers(${peer.isSameAS});`,
    "    reject;",
    `  };${EXPORT_COMMENT}`,
    ...(peer.isPassive ? ["  passive on;"] : []),
    ...(peer.gracefulRestartTime === null ? [] : [`  graceful restart time ${peer.gracefulRestartTime};`]),
    ...(peer.keepaliveTime === null ? [] : [`  keepalive time ${peer.keepaliveTime};`]),
    ...(peer.clientOfCluster === null ? [] : ["  rr client;", `  rr cluster id ${peer.clientOfCluster};`]),
    ...(peer.password === null ? [] : [`  password "${peer.password}";`]),
    ...(peer.nextHop === null ? [] : [`  next hop ${peer.nextHop};`]),
    ...(peer.allowLocalAS === 0 ? [] : [`  allow local as ${peer.allowLocalAS};`]),
    "}",
  ];
}
