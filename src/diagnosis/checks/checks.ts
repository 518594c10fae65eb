import type { Evidence } from "../../model/evidence.ts";
import type { Finding } from "../../model/finding.ts";
import type { Network } from "../../model/network.ts";
import { sourceOf } from "../../model/origin.ts";
import { addressErrorsCounted } from "./address-errors-counted.ts";
import { bgpDroppedByRule } from "./bgp-dropped-by-rule.ts";
import { bgpNotAccepted } from "./bgp-not-accepted.ts";
import { birdRouteWithoutSession } from "./bird-route-without-session.ts";
import { type Check, type CheckCode, type CheckFinding, checkedOf, lineOf } from "./check.ts";
import { connectionToDeadEndpoint } from "./connection-to-dead-endpoint.ts";
import { connectionsDropped } from "./connections-dropped.ts";
import { forwardingOff } from "./forwarding-off.ts";
import { listenQueueOverflowed } from "./listen-queue-overflowed.ts";
import { neighbourFailed } from "./neighbour-failed.ts";
import { nodeAddressInPool } from "./node-address-in-pool.ts";
import { reversePathFiltered } from "./reverse-path-filtered.ts";
import { sessionWithoutRoutes } from "./session-without-routes.ts";
import { tunnelMtuTooLarge } from "./tunnel-mtu-too-large.ts";
import { twoBackends } from "./two-backends.ts";

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
};

/** What can be found in a network and the evidence beside it without sending a packet. */
export function runChecks(network: Network, evidence: ReadonlyMap<string, Evidence>): readonly Finding[] {
  const checked = checkedOf(network, evidence);
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
