import { quietSysctl } from "../../linux/device-settings.ts";
import type { HostRuntime } from "../../linux/runtime.ts";

/**
 * Senders that look for the MTU of the way by themselves where nobody tells them (RFC 4821): `net.ipv4.tcp_mtu_probing`, for both families.
 * 0: never. 1: once a black hole shows. 2: from the first segment on, though larger ones are tried later, which podpath leaves out.
 */

const DEFAULTS = {
  "net.ipv4.tcp_mtu_probing": 0,
  "net.ipv4.tcp_base_mss": 1024,
  "net.ipv4.tcp_mtu_probe_floor": 48,
  "net.ipv4.tcp_min_snd_mss": 48,
  "net.ipv4.tcp_retries1": 3,
} as const;

function setting(runtime: HostRuntime, key: keyof typeof DEFAULTS): number {
  return quietSysctl(runtime, key, DEFAULTS[key]);
}

/** Octets that the first segments have at most (tcp_mtup_init()); null: as many as the route and the other side take. */
export function firstProbedMss(runtime: HostRuntime): number | null {
  return setting(runtime, "net.ipv4.tcp_mtu_probing") > 1 ? baseMss(runtime) : null;
}

/** What `tcp_base_mss` comes to: nothing is below `tcp_min_snd_mss` (__tcp_mtu_to_mss(), net/ipv4/tcp_output.c). */
function baseMss(runtime: HostRuntime): number {
  return Math.max(setting(runtime, "net.ipv4.tcp_base_mss"), setting(runtime, "net.ipv4.tcp_min_snd_mss"));
}

/**
 * tcp_mtu_probing() (net/ipv4/tcp_timer.c): octets that segments have from now on at most, once they have been sent in vain for so long that
 * it is taken for a black hole; null where nobody probes.
 *
 * @param before what it was; null: as many as the route and the other side take
 */
export function nextProbedMss(runtime: HostRuntime, before: number | null): number | null {
  if (setting(runtime, "net.ipv4.tcp_mtu_probing") <= 0) return null;
  if (before === null) return baseMss(runtime);
  return Math.max(
    Math.min(setting(runtime, "net.ipv4.tcp_base_mss"), before >> 1),
    setting(runtime, "net.ipv4.tcp_mtu_probe_floor"),
    setting(runtime, "net.ipv4.tcp_min_snd_mss"),
  );
}

/** After so many timeouts in a row it looks like a black hole: retransmits_timed_out() with `tcp_retries1`. */
export function blackHoleAfter(runtime: HostRuntime): number {
  return setting(runtime, "net.ipv4.tcp_retries1") + 2;
}
