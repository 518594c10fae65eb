import type { Speaker } from "../../bgp/speaker/speaker.ts";
import { formatAddress, ipv4 } from "../../net/address.ts";

/** What `birdc show status` prints. `origin` is the time of virtual 0 in seconds since 1970 (UTC). */
export function statusText({ configuration, world, started }: Speaker, origin: number): string {
  const time = (virtual: number): string =>
    new Date((origin + virtual) * 1000).toISOString().slice(0, 19).replace("T", " ");
  return [
    "BIRD 1.6.8",
    `Router ID is ${formatAddress(ipv4(configuration.routerId))}`,
    `Current server time is ${time(world.now)}`,
    `Last reboot on ${time(started)}`,
    `Last reconfiguration on ${time(started)}`,
    "Daemon is up and running",
    "",
  ].join("\n");
}
