import { RECOVERY_WAIT } from "../../bgp/speaker/recovery.ts";
import type { Speaker } from "../../bgp/speaker/speaker.ts";
import { formatAddress, ipv4 } from "../../net/address.ts";

/** What `birdc show status` prints. `origin` is the time of virtual 0 in seconds since 1970 (UTC). */
export function statusText({ configuration, world, started, recovery }: Speaker, origin: number): string {
  const time = (virtual: number): string =>
    new Date((origin + virtual) * 1000).toISOString().slice(0, 19).replace("T", " ");
  const left = Math.ceil((recovery?.timer.expires ?? world.now) - world.now);
  const recovering = [
    "Graceful restart recovery in progress",
    `  Waiting for ${recovery?.locks.size ?? 0} protocols to recover`,
    `  Wait timer is ${left}/${RECOVERY_WAIT}`,
  ];
  return [
    "BIRD 1.6.8",
    `Router ID is ${formatAddress(ipv4(configuration.routerId))}`,
    `Current server time is ${time(world.now)}`,
    `Last reboot on ${time(started)}`,
    `Last reconfiguration on ${time(started)}`,
    ...(recovery === null ? [] : recovering),
    "Daemon is up and running",
    "",
  ].join("\n");
}
