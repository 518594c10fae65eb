import { formatAddress } from "../../net/address.ts";
import { allocationsOf } from "./allocations.ts";
import type { Check } from "./check.ts";
import { livePods } from "./live-pods.ts";

/** So many are told one by one. */
const TOLD = 20;

/** Addresses that IPAM holds for pods which are not there any more, where other pods of their namespace are known. */
export const addressLeaked: Check = ({ cluster, ipam }) => {
  const pods = livePods(cluster);
  const used = new Set(pods.flatMap(({ podIPs }) => podIPs.map(formatAddress)));
  const namespaces = new Set([...cluster.pods.values()].map(({ metadata }) => metadata.namespace ?? "default"));
  const leaked = allocationsOf(cluster, ipam)
    .filter(
      ({ address, pod }) =>
        pod !== null && namespaces.has(pod.split("/")[0] ?? "") && !used.has(formatAddress(address)),
    )
    .map(({ address, pod, node, origin }) => ({
      severity: "warning" as const,
      message: `IPAM holds ${formatAddress(address)} for pod/${pod}${node === null ? "" : ` of ${node}`}, and no running pod has it`,
      at: origin,
      beside: 0,
    }));
  const told = ipam.problems
    .filter(({ kind }) => kind === "leaked")
    .map(({ address, count, detail, origin }) => ({
      severity: "warning" as const,
      message:
        address === null
          ? `calicoctl ipam check found ${count} addresses that are allocated and not in use`
          : `calicoctl ipam check found ${formatAddress(address)} allocated and not in use (${detail})`,
      at: origin,
      beside: 0,
    }));
  return [...leaked.slice(0, TOLD), ...told.slice(0, TOLD)];
};
