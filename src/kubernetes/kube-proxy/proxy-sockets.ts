import { NO_ORIGIN } from "../../model/origin.ts";
import type { ListeningSocket } from "../../model/socket.ts";
import { parseAddress } from "../../net/address.ts";
import { TCP } from "../../net/protocol.ts";
import type { KubeProxyContext, SharedPortal } from "./kube-proxy-context.ts";

const HEALTHZ = 10256;
const METRICS = 10249;
const LOCALHOST = parseAddress("127.0.0.1");

/**
 * Where kube-proxy listens: its own health and metrics (pkg/cluster/ports), and the health of Services with
 * externalTrafficPolicy Local, which answers 200 on nodes with an endpoint and 503 on others. It opens no node ports.
 */
export function proxySockets(context: KubeProxyContext): readonly ListeningSocket[] {
  const known = socketsOf.get(context) ?? makeSockets([...context.ipv4.portals, ...context.ipv6.portals]);
  socketsOf.set(context, known);
  return known;
}

/** They are the same on all nodes. */
const socketsOf = new WeakMap<KubeProxyContext, readonly ListeningSocket[]>();

function makeSockets(portals: readonly SharedPortal[]): readonly ListeningSocket[] {
  const socket = (port: number, address: ListeningSocket["address"], origin: number): ListeningSocket => ({
    protocol: TCP,
    address,
    family: address === null ? null : 4,
    port,
    interface: null,
    process: "kube-proxy",
    certainty: "declared",
    origin,
  });
  const sockets = new Map<number, ListeningSocket>();
  sockets.set(HEALTHZ, socket(HEALTHZ, null, NO_ORIGIN));
  sockets.set(METRICS, socket(METRICS, LOCALHOST, NO_ORIGIN));
  for (const { portal, origins } of portals) {
    const port = portal.healthCheckNodePort;
    if (port !== 0) sockets.set(port, socket(port, null, origins.service("spec.healthCheckNodePort")));
  }
  return [...sockets.values()];
}
