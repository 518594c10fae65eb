import { RECOVERY_WAIT } from "../../../bgp/speaker/recovery.ts";
import type { Speaker } from "../../../bgp/speaker/speaker.ts";
import { formatAddress, ipv4 } from "../../../net/address.ts";
import type { BirdClock } from "../clock.ts";

/** What `birdc show status` prints (cmd_show_status of nest/cmds.c, BIRD 2.0.12). */
export function statusText(halves: readonly Speaker[], clock: BirdClock): string {
  const [first] = halves;
  if (first === undefined) return "";
  const { configuration, runtime, world, started } = first;
  const time = (virtual: number): string => clock(virtual, configuration.baseTimes);
  const recoveries = halves.flatMap(({ recovery }) => recovery ?? []);
  const waiting = recoveries.reduce((sum, { locks }) => sum + locks.size, 0);
  const expires = Math.max(world.now, ...recoveries.map(({ timer }) => timer.expires ?? world.now));
  const recovering = [
    "Graceful restart recovery in progress",
    `  Waiting for ${waiting} channels to recover`,
    `  Wait timer is ${(expires - world.now).toFixed(3)}/${RECOVERY_WAIT}`,
  ];
  return [
    "BIRD 2.0.12",
    `Router ID is ${formatAddress(ipv4(configuration.routerId))}`,
    `Hostname is ${runtime.host.name}`,
    `Current server time is ${time(world.now)}`,
    `Last reboot on ${time(started)}`,
    `Last reconfiguration on ${time(started)}`,
    ...(recoveries.length === 0 ? [] : recovering),
    "Daemon is up and running",
    "",
  ].join("\n");
}
