import type { Interface } from "../../model/interface.ts";
import { once } from "../../model/once.ts";
import { originTable } from "../../model/origin.ts";
import { PRINTED_BY } from "../recognise.ts";
import { readSysctls } from "../sysctl.ts";
import { assumedSysctls, type CompletedSysctls, completeSysctls } from "./assumed-sysctls.ts";
import type { MachineFiles } from "./layout.ts";
import { type Chosen, note, one, type Reading } from "./reading.ts";
import { openSysctls, sysctlLookUp } from "./sysctl-look-up.ts";

export function readMachineSysctls(
  machine: MachineFiles,
  chosen: Chosen,
  interfaces: ReadonlyMap<string, Interface>,
  reading: Reading,
  mode: "read" | "open",
): CompletedSysctls {
  const assumed = once(() => assumedSysctls(machine.kind, interfaces.values(), machine.kind === "node"));
  const file = one(chosen, "sysctls")?.file;
  if (file === undefined) return completeSysctls(new Map(), assumed());
  const readAll = (): CompletedSysctls => {
    const dump = readSysctls(file.text, file.path, reading.origins);
    note(reading, file, PRINTED_BY.sysctl, dump.values.size, dump.findings);
    return completeSysctls(dump.values, assumed());
  };
  if (mode === "read") return readAll();
  const found = sysctlLookUp(file.text, (lines) => readSysctls(lines, file.path, originTable()).values);
  return found === null ? readAll() : openSysctls(found, assumed, readAll);
}
