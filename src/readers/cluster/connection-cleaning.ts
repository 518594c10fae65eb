import { udpFrontends } from "../../kubernetes/kube-proxy/udp-frontends.ts";
import { hasFinished, type Pod } from "../../kubernetes/pod.ts";
import { minorVersion } from "../../kubernetes/version.ts";
import type { ConnectionCleaning } from "../../model/connection-cleaning.ts";
import { once } from "../../model/once.ts";
import { formatAddress } from "../../net/address.ts";
import { UDP } from "../../net/protocol.ts";
import type { SettledCluster } from "./settle-cluster.ts";

/** The release from which kube-proxy compares the whole table with what there is, in place of following what went away. */
const COMPARES_ALL = 32;

/**
 * What kube-proxy and Felix delete of the nodes' connections. kube-proxy: UDP to a Service that is translated to no serving endpoint; from
 * v1.32 on only where the Service has another one (pkg/proxy/conntrack/cleanup.go), before that also where it or its last endpoint went.
 * Felix: all to and from the address of a pod that its node had (felix/routetable, felix/conntrack).
 */
export function connectionCleaning({ cluster, slices, versions }: SettledCluster): ConnectionCleaning {
  const frontends = once(() => udpFrontends(cluster.services, slices));
  const comparesAll = (minorVersion(versions.kubernetes) ?? COMPARES_ALL) >= COMPARES_ALL;
  const pods = once(() => podAddresses(cluster.pods.values()));
  return {
    deletes: (host, { protocol, original, reply }, before) => {
      const gone = [...before.podsOn(host)].filter((address) => !(pods().get(host) ?? NONE).has(address));
      const ends = [original.src, original.dst, reply.src, reply.dst].map(formatAddress);
      const ended = gone.find((address) => ends.includes(address));
      if (ended !== undefined) return `Felix deletes it: ${ended} is no address of a pod of the node any more`;
      if (protocol !== UDP) return null;
      const receiver = formatAddress(reply.src);
      for (const frontend of [`${formatAddress(original.dst)} ${original.dport}`, String(original.dport)]) {
        const now = frontends().get(frontend);
        const served = now !== undefined && now.size > 0;
        if (served && !now.has(receiver)) return `kube-proxy deletes it: ${receiver} serves the Service no more`;
        if (!served && !comparesAll && before.endpointsAt(frontend)?.has(receiver) === true)
          return `kube-proxy deletes it: ${receiver} has gone`;
      }
      return null;
    },
    endpointsAt: (frontend) => frontends().get(frontend) ?? null,
    podsOn: (host) => pods().get(host) ?? NONE,
  };
}

const NONE: ReadonlySet<string> = new Set();

function podAddresses(pods: Iterable<Pod>): ReadonlyMap<string, ReadonlySet<string>> {
  const byNode = new Map<string, Set<string>>();
  for (const pod of pods) {
    if (pod.nodeName === null || pod.hostNetwork === true || hasFinished(pod)) continue;
    const own = byNode.get(pod.nodeName) ?? new Set<string>();
    for (const address of pod.podIPs) own.add(formatAddress(address));
    byNode.set(pod.nodeName, own);
  }
  return byNode;
}
