import type { Interface } from "../../model/interface.ts";
import { PRINTED_BY } from "../recognise.ts";
import { readWireguard } from "../wireguard.ts";
import { type Chosen, note, one, type Reading } from "./reading.ts";

/** Adds to the interfaces of a machine what `wg show` says of them. */
export function addWireguard(interfaces: Map<string, Interface>, chosen: Chosen, reading: Reading): void {
  const file = one(chosen, "wireguard")?.file ?? null;
  if (file === null) return;
  const { devices, findings } = readWireguard(file.text, file.path, reading.origins);
  note(reading, file, PRINTED_BY["wg-show"], devices.size, findings);
  for (const [name, wireguard] of devices) {
    const device = interfaces.get(name);
    if (device !== undefined) interfaces.set(name, { ...device, kind: "wireguard", wireguard });
    else if (interfaces.size > 0) {
      reading.findings.push({
        code: "wireguard-device-missing",
        severity: "warning",
        message: `wg show tells of ${name}, which is not among the interfaces; it is left out.`,
        file: file.path,
        advice: "Collect ip -d -s addr and wg show at the same time.",
      });
    }
  }
}
