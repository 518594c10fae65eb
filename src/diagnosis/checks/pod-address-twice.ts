import { formatAddress } from "../../net/address.ts";
import type { Check } from "./check.ts";
import { livePods, podName } from "./live-pods.ts";

/** Two running pods with one address, or an address of which `calicoctl ipam check` says so. */
export const podAddressTwice: Check = ({ cluster, ipam }) => {
  const owners = new Map<string, ReturnType<typeof livePods>[number]>();
  // the address of a pod that is going may be given to the next one before the object is gone
  const staying = livePods(cluster).filter(({ terminating }) => !terminating);
  const twice = staying.flatMap((pod) =>
    pod.podIPs.flatMap((address) => {
      const text = formatAddress(address);
      const first = owners.get(text);
      if (first === undefined) owners.set(text, pod);
      return first === undefined || first === pod
        ? []
        : [
            {
              severity: "error" as const,
              message: `${podName(pod)} has ${text}, which ${podName(first)} has too`,
              at: pod.metadata.origin,
              beside: first.metadata.origin,
            },
          ];
    }),
  );
  const told = ipam.problems.flatMap(({ kind, address, origin }) =>
    kind !== "several-owners" || address === null
      ? []
      : [
          {
            severity: "error" as const,
            message: `calicoctl ipam check found several owners of ${formatAddress(address)}`,
            at: origin,
            beside: 0,
          },
        ],
  );
  return [...twice, ...told];
};
