import type { Interface } from "../../model/interface.ts";
import type { InterfaceDump } from "./interface-build.ts";

/**
 * One list of interfaces from `ip -4 addr` and `ip -6 addr`, each of which leaves out interfaces without addresses of its
 * family, and the link-layer line of all.
 */
export function joinAddresses(first: InterfaceDump, second: InterfaceDump): InterfaceDump {
  const interfaces = new Map<string, Interface>(first.interfaces.map((device) => [device.name, device]));
  for (const device of second.interfaces) {
    const other = interfaces.get(device.name);
    interfaces.set(
      device.name,
      other === undefined
        ? device
        : { ...other, mac: other.mac ?? device.mac, addresses: [...other.addresses, ...device.addresses] },
    );
  }
  return {
    interfaces: [...interfaces.values()],
    detailed: new Set([...first.detailed, ...second.detailed]),
    namespaces: new Map([...first.namespaces, ...second.namespaces]),
    findings: [...first.findings, ...second.findings],
  };
}
