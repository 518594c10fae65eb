import type { Host } from "../../model/host.ts";
import type { Interface } from "../../model/interface.ts";
import {
  assumedNodeSysctls,
  assumedSysctls,
  completeSysctls,
  type DumpedSysctls,
} from "../snapshot/assumed-sysctls.ts";
import { openSysctls } from "../snapshot/sysctl-look-up.ts";

/**
 * The sysctls of a declared node: what its file and its programs write, completed with the kernel's defaults. A node with a hundred
 * pods has thousands, of which a packet reads a few: each is made when it is read. All count as told.
 */
export function nodeSysctls(
  written: DumpedSysctls,
  allWritten: () => ReadonlyMap<string, string>,
  interfaces: ReadonlyMap<string, Interface>,
): Pick<Host, "sysctls" | "dumpedSysctls"> {
  const assumed = assumedNodeSysctls(interfaces);
  const readAll = (): ReturnType<typeof completeSysctls> =>
    completeSysctls(allWritten(), assumedSysctls("node", interfaces.values(), true));
  const { sysctls } = openSysctls(written, () => assumed, readAll);
  return {
    sysctls,
    dumpedSysctls: {
      has: (key) => sysctls.get(key) !== undefined,
      get size() {
        return sysctls.size;
      },
      forEach: (action) => new Set(sysctls.keys()).forEach(action),
      entries: () => new Set(sysctls.keys()).entries(),
      keys: () => sysctls.keys(),
      values: () => sysctls.keys(),
      [Symbol.iterator]: () => sysctls.keys(),
    },
  };
}
