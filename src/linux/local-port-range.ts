import type { Host } from "../model/host.ts";
import type { PortRange } from "../net/port-set.ts";
import { remembered } from "./remembered.ts";

/** `net.ipv4.ip_local_port_range`: ports that the kernel draws by itself, for sockets of both families and for tunnels; else its default. */
export const localPortRange = remembered(({ sysctls }: Host): PortRange => {
  const written = /^(\d{1,5})\s+(\d{1,5})$/.exec(sysctls.get("net.ipv4.ip_local_port_range")?.trim() ?? "");
  return written === null
    ? { first: 32768, last: 60999 }
    : { first: Number(written[1]), last: Math.min(65535, Number(written[2])) };
});
