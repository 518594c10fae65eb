import { FILE_ROLES, stemOf } from "./files.ts";

/**
 * True for what Calico's diagnostics hold beside dumps and objects, and nothing is read from: logs, descriptions of pods,
 * certificates, maps of eBPF programs. Told by the place, so that nobody needs to open them.
 */
export function isNotRead(path: string): boolean {
  return NOT_READ.test(path) && !FILE_ROLES.has(stemOf(path.slice(path.lastIndexOf("/") + 1)));
}

const NOT_READ = new RegExp(
  [
    // `calicoctl cluster diags`: nodes/<node>/<namespace>/<pod>.{log,txt}, nodes/<node>/<cni log>.log
    "(?:^|/)nodes/[^/]+/(?!netns/)[^/]+/.",
    "(?:^|/)nodes/[^/]+/(?:[^/]+[.]log|bpf-[^/]*)$",
    "(?:^|/)calico-diagnostics-[^/]*/(?:tls|links)/",
    "^(?:tls|links)/",
    "(?:^|/)cluster/version[.]yaml$|(?:^|/)bundle-info[.]yaml$",
    // `calicoctl node diags`
    "(?:^|/)diagnostics/(?:logs/|journalctl_calico_node$|date$)",
  ].join("|"),
);
