import { FILE_ROLES, stemOf } from "./files.ts";
import { isPodLog } from "./pod-log.ts";

/**
 * True for what Calico's diagnostics hold beside dumps and objects, and nothing is read from: most logs, descriptions of pods,
 * certificates, maps of eBPF programs. Told by the place, so that nobody needs to open them.
 */
export function isNotRead(path: string): boolean {
  if (!NOT_READ.test(path) || isPodLog(path)) return false;
  const role = FILE_ROLES.get(stemOf(path.slice(path.lastIndexOf("/") + 1)));
  // logs of a machine are read where a snapshot has them, not those of pods
  return role === undefined || (role.kinds[0] === "log" && !IN_MACHINE.test(path));
}

const IN_MACHINE = /(?:^|\/)nodes\/[^/]+\/[^/]+$/;

const NOT_READ = new RegExp(
  [
    // `calicoctl cluster diags`: nodes/<node>/<namespace>/<pod>.{log,txt}, nodes/<node>/<cni log>.log
    "(?:^|/)nodes/[^/]+/(?!netns/)[^/]+/.",
    "(?:^|/)nodes/[^/]+/(?:[^/]+[.]log|bpf-[^/]*)$",
    "(?:^|/)calico-diagnostics-[^/]*/(?:tls|links)/",
    "^(?:tls|links)/",
    "(?:^|/)cluster/version[.]yaml$|(?:^|/)bundle-info[.]yaml$",
    // `calicoctl node diags`
    "(?:^|/)diagnostics/(?:logs/|date$)",
  ].join("|"),
);
