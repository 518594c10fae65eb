import { formatAddress } from "../../net/address.ts";
import { prefixContains } from "../../net/prefix.ts";
import { allocationsOf } from "./allocations.ts";
import type { Check } from "./check.ts";
import { livePods, podName } from "./live-pods.ts";

/** Pods whose address no block has given away, where the blocks of its pool are known: IPAM may give it to another. */
export const podAddressNotAllocated: Check = ({ cluster, ipam }) => {
  const blocks = [...cluster.ipamBlocks.values()];
  const given = new Set(allocationsOf(cluster, ipam).map(({ address }) => formatAddress(address)));
  const found = livePods(cluster).flatMap((pod) =>
    pod.podIPs.flatMap((address) => {
      const pool = [...cluster.ipPools.values()].find(({ cidr }) => prefixContains(cidr, address));
      const block = blocks.find(({ cidr }) => prefixContains(cidr, address));
      const isKnown =
        block !== undefined ||
        (pool !== undefined && blocks.some(({ cidr }) => prefixContains(pool.cidr, cidr.address)));
      if (!isKnown || given.has(formatAddress(address))) return [];
      return [
        {
          severity: "warning" as const,
          message: `${podName(pod)} has ${formatAddress(address)}, which ${block === undefined ? "lies in no block" : "its block holds for free"}`,
          at: pod.metadata.origin,
          beside: block?.origin ?? 0,
        },
      ];
    }),
  );
  const told = ipam.problems
    .filter(({ kind }) => kind === "not-allocated" || kind === "outside-pools")
    .map(({ kind, address, count, detail, origin }) => {
      const what = kind === "not-allocated" ? "in use and not allocated" : "in use and in no active pool";
      return {
        severity: "warning" as const,
        message:
          address === null
            ? `calicoctl ipam check found ${count} addresses ${what}`
            : `calicoctl ipam check found ${formatAddress(address)} of ${detail} ${what}`,
        at: origin,
        beside: 0,
      };
    });
  return [...found, ...told];
};
