/**
 * Where `calicoctl cluster diags` puts the logs of the pods that make a node's network, `nodes/<node>/<namespace>/<pod>[.previous].log`, and those
 * of the CNI plugin, `nodes/<node>/<name>.log`.
 */
const POD_LOG =
  /(?:^|\/)nodes\/[^/]+\/(?!netns\/)(?:[^/]+\/(?:calico-(?:node|typha)|kube-proxy|coredns)[\w.-]*|[\w.-]*cni[\w.-]*)\.log$/;

/**
 * Where `calicoctl node diags` puts them (calicoctl/commands/node/diags.go): a copy of /var/log/calico, with what svlogd wrote there for each of the
 * node's programs and the log of the CNI plugin, or `docker logs` of each container named calico.
 */
const NODE_DIAGS_LOG =
  /(?:^|\/)diagnostics\/logs\/(?:[^/]+\/)*(?:(?:felix|bird6?|confd)\/current|[\w.-]*cni[\w.-]*\.log|[\w.-]*calico[-_](?:node|typha)[\w.-]*\.log)$/;

/** True for a log of a pod that has to do with the network of its node, told by its place. */
export function isPodLog(path: string): boolean {
  return POD_LOG.test(path) || isNodeDiagsLog(path);
}

/** True for such a log in the archive of `calicoctl node diags`, whose machine only the files beside the folder `logs` tell. */
export function isNodeDiagsLog(path: string): boolean {
  return NODE_DIAGS_LOG.test(path);
}

/** So many bytes of logs are kept of an archive, and of each log. */
const ALL_LOGS = 64 * 1024 * 1024;
const ONE_LOG = 8 * 1024 * 1024;

/** Tells of one log after the other, by its bytes, whether it is read too. Others have to be given as files. */
export function logRoom(): (bytes: number) => boolean {
  let left = ALL_LOGS;
  return (bytes) => {
    if (bytes > ONE_LOG || bytes > left) return false;
    left -= bytes;
    return true;
  };
}
