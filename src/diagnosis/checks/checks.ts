import type { Evidence } from "../../model/evidence.ts";
import type { Finding } from "../../model/finding.ts";
import type { Network } from "../../model/network.ts";
import { sourceOf } from "../../model/origin.ts";
import { addressErrorsCounted } from "./address-errors-counted.ts";
import { addressLeaked } from "./address-leaked.ts";
import { affinityWithoutBlock } from "./affinity-without-block.ts";
import { bgpDroppedByRule } from "./bgp-dropped-by-rule.ts";
import { bgpNotAccepted } from "./bgp-not-accepted.ts";
import { bgpSessionDown } from "./bgp-session-down.ts";
import { birdRouteWithoutSession } from "./bird-route-without-session.ts";
import { blockOfOneAddress } from "./block-of-one-address.ts";
import { borrowedWithoutRoute } from "./borrowed-without-route.ts";
import { type Check, type CheckCode, type CheckFinding, checkedOf, type Declared, lineOf } from "./check.ts";
import { connectionToDeadEndpoint } from "./connection-to-dead-endpoint.ts";
import { connectionsDropped } from "./connections-dropped.ts";
import { conntrackFull } from "./conntrack-full.ts";
import { forwardingOff } from "./forwarding-off.ts";
import { kubeProxyMissing } from "./kube-proxy-missing.ts";
import { listenQueueOverflowed } from "./listen-queue-overflowed.ts";
import { logConfirmed } from "./log-confirmed.ts";
import { logContradicted } from "./log-contradicted.ts";
import { logTells } from "./log-tells.ts";
import { loopbackDown } from "./loopback-down.ts";
import { looseReversePath } from "./loose-reverse-path.ts";
import { meshOffWithoutPeers } from "./mesh-off-without-peers.ts";
import { neighbourFailed } from "./neighbour-failed.ts";
import { nodeAddressInPool } from "./node-address-in-pool.ts";
import { nodeAddressNotOnNode } from "./node-address-not-on-node.ts";
import { nodeAddressTwice } from "./node-address-twice.ts";
import { packetLogged } from "./packet-logged.ts";
import { podAddressNotAllocated } from "./pod-address-not-allocated.ts";
import { podAddressTwice } from "./pod-address-twice.ts";
import { podWithoutRoute } from "./pod-without-route.ts";
import { poolFull } from "./pool-full.ts";
import { poolOutsideClusterCidr } from "./pool-outside-cluster-cidr.ts";
import { poolsOverlap } from "./pools-overlap.ts";
import { proxyArpWithoutRoute } from "./proxy-arp-without-route.ts";
import { reversePathFiltered } from "./reverse-path-filtered.ts";
import { serviceWithoutEndpoints } from "./service-without-endpoints.ts";
import { sessionWithoutRoutes } from "./session-without-routes.ts";
import { tcpMd5Failed } from "./tcp-md5-failed.ts";
import { tunnelAddressOfPod } from "./tunnel-address-of-pod.ts";
import { tunnelDeviceMissing } from "./tunnel-device-missing.ts";
import { tunnelMtuTooLarge } from "./tunnel-mtu-too-large.ts";
import { tunnelOneWay } from "./tunnel-one-way.ts";
import { tunnelRefused } from "./tunnel-refused.ts";
import { twoAffinities } from "./two-affinities.ts";
import { twoBackends } from "./two-backends.ts";
import { unreachableRoute } from "./unreachable-route.ts";

/** Every check, under the code of its findings. */
const CHECKS: Readonly<Record<CheckCode, Check>> = {
  "bgp-dropped-by-rule": bgpDroppedByRule,
  "bgp-not-accepted": bgpNotAccepted,
  "bird-route-without-session": birdRouteWithoutSession,
  "session-without-routes": sessionWithoutRoutes,
  "connection-to-dead-endpoint": connectionToDeadEndpoint,
  "neighbour-failed": neighbourFailed,
  "forwarding-off": forwardingOff,
  "tunnel-mtu-too-large": tunnelMtuTooLarge,
  "node-address-in-pool": nodeAddressInPool,
  "two-backends": twoBackends,
  "address-errors-counted": addressErrorsCounted,
  "reverse-path-filtered": reversePathFiltered,
  "listen-queue-overflowed": listenQueueOverflowed,
  "connections-dropped": connectionsDropped,
  "pod-address-twice": podAddressTwice,
  "tunnel-address-of-pod": tunnelAddressOfPod,
  "address-leaked": addressLeaked,
  "pod-address-not-allocated": podAddressNotAllocated,
  "pool-full": poolFull,
  "borrowed-without-route": borrowedWithoutRoute,
  "two-affinities": twoAffinities,
  "affinity-without-block": affinityWithoutBlock,
  "node-address-twice": nodeAddressTwice,
  "node-address-not-on-node": nodeAddressNotOnNode,
  "pools-overlap": poolsOverlap,
  "pool-outside-cluster-cidr": poolOutsideClusterCidr,
  "block-of-one-address": blockOfOneAddress,
  "bgp-session-down": bgpSessionDown,
  "loose-reverse-path": looseReversePath,
  "proxy-arp-without-route": proxyArpWithoutRoute,
  "loopback-down": loopbackDown,
  "pod-without-route": podWithoutRoute,
  "conntrack-full": conntrackFull,
  "tunnel-device-missing": tunnelDeviceMissing,
  "mesh-off-without-peers": meshOffWithoutPeers,
  "unreachable-route": unreachableRoute,
  "kube-proxy-missing": kubeProxyMissing,
  "service-without-endpoints": serviceWithoutEndpoints,
  "tunnel-one-way": tunnelOneWay,
  "tunnel-refused": tunnelRefused,
  "tcp-md5-failed": tcpMd5Failed,
  "log-confirmed": logConfirmed,
  "log-contradicted": logContradicted,
  "log-tells": logTells,
  "packet-logged": packetLogged,
};

/** What can be found in a network and the evidence beside it without sending a packet. */
export function runChecks(
  network: Network,
  evidence: ReadonlyMap<string, Evidence>,
  declared: Declared,
): readonly Finding[] {
  const checked = checkedOf(network, evidence, declared);
  const codes = Object.keys(CHECKS).filter(isCheckCode);
  return codes.flatMap((code) => CHECKS[code](checked).map((found) => findingOf(network, code, found)));
}

function isCheckCode(code: string): code is CheckCode {
  return Object.hasOwn(CHECKS, code);
}

function findingOf(network: Network, code: CheckCode, found: CheckFinding): Finding {
  const source = sourceOf(network.origins, found.at);
  const beside = sourceOf(network.origins, found.beside);
  const line = lineOf(network, found.beside);
  return {
    code,
    severity: found.severity,
    message: `${found.message}${line === null ? "" : ` (${line})`}.`,
    ...(source?.file === undefined ? {} : { file: source.file }),
    ...(source?.line === undefined ? {} : { line: source.line }),
    ...(found.advice === undefined ? {} : { advice: found.advice }),
    ...(beside === null ? {} : { related: [beside] }),
  };
}
