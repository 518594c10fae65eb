import { type Host, knowledgeOf } from "../../model/host.ts";
import { type Interface, networkInterface } from "../../model/interface.ts";

const standIns = new WeakMap<Host, Map<string, Interface>>();

/**
 * The device a route names. Where no dump tells the interfaces of a host, whatever its routes name is there: a device
 * at rest, joined to nothing. Null when the dump shows that there is none of that name.
 */
export function deviceNamed(host: Host, name: string): Interface | null {
  const known = host.interfaces.get(name);
  if (known !== undefined) return known;
  if (knowledgeOf(host, "interfaces") !== "unknown") return null;
  const made = standIns.get(host) ?? new Map<string, Interface>();
  standIns.set(host, made);
  const device = made.get(name) ?? networkInterface({ name });
  made.set(name, device);
  return device;
}
