import { deriveConnectedRoutes } from "../../linux/routing/derive-connected-routes.ts";
import { deriveLocalRoutes } from "../../linux/routing/derive-local-routes.ts";
import type { Host, HostPart } from "../../model/host.ts";
import type { Route } from "../../model/route.ts";
import { samePrefix } from "../../net/prefix.ts";
import { loopback } from "../fabric/read-interface.ts";
import { assumedSysctls } from "../snapshot/assumed-sysctls.ts";
import type { HostDraft } from "./host-draft.ts";

/** The host of a draft, with the routes that its new addresses bring along. */
export function finished(host: Host, draft: HostDraft): Host {
  if (draft.touched.size > 0 && !draft.interfaces.has("lo")) draft.interfaces.set("lo", loopback());
  const touched = [...draft.interfaces.values()].filter(
    (device) => draft.touched.has(device.name) || (host.interfaces.size === 0 && device.name === "lo"),
  );
  const derived = [...deriveConnectedRoutes(touched), ...deriveLocalRoutes(touched)];
  const routes: Route[] = [...draft.routes];
  for (const one of derived) {
    const { table, type, destination } = one;
    const known = routes.some(
      (other) => other.table === table && other.type === type && samePrefix(other.destination, destination),
    );
    if (!known) routes.push(one);
  }
  const isNode = host.kind === "node";
  for (const [key, value] of assumedSysctls(host.kind, touched, isNode)) {
    if (!draft.sysctls.has(key)) draft.sysctls.set(key, value);
  }
  const { knowledge } = host;
  const changed = draft.knowledge;
  return {
    ...host,
    interfaces: draft.interfaces,
    routes,
    policyRules: draft.policyRules,
    rulesets: draft.rulesets,
    ipSets: draft.ipSets,
    sysctls: draft.sysctls,
    dumpedSysctls: draft.dumpedSysctls,
    neighbours: draft.neighbours,
    sockets: draft.sockets,
    knowledge: { get: (part: HostPart) => (changed.has(part) ? changed.get(part) : knowledge.get(part)) },
  };
}
